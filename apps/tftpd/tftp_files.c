/* SPDX-License-Identifier: MIT */
/*
 * What lwIP's TFTP server takes for granted is seen to here, before it gets a datagram:
 *
 * - It reads a header, however short the datagram is.
 * - It starts a timer for each request, and does not end that of a request that it refuses. There are
 *   96 timers (MEMP_NUM_SYS_TIMEOUT), and lwIP ends the guest when it needs one and has none. So files
 *   are opened here, and requests that fail are answered here.
 * - It has one transfer at a time, and answers other requests with an error, also one that the client
 *   of the transfer has repeated, and that ends the client. Here they get no answer: their clients ask
 *   again until it is their turn.
 * - It answers a block or an acknowledgement that comes twice with an error, too. Here they are ignored
 *   (RFC 1123, 4.2.3.1), but for the last block, which is acknowledged again.
 * - It does not end the transfer when the client says that it has ended, and others would wait for its
 *   timeout. Here that becomes the client's next datagram, and the file's next block fails.
 *
 * Everything runs with lwIP's lock held.
 */
#include "tftp_files.h"

#include <errno.h>
#include <fcntl.h>
#include <lwip/apps/tftp_server.h>
#include <lwip/tcpip.h>
#include <lwip/udp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "apps/httpd/served.h"

enum { READ = 1, WRITE, DATA, ACK, ERROR };      /* operations */
enum { NOT_FOUND = 1, ACCESS = 2, ILLEGAL = 4 }; /* errors */
#define HEADER 4

static const char *upload_folder;
static udp_recv_fn server;
static int file = -1; /* of the transfer, or opened for the one that begins */
static bool taken;    /* by the server: it closes the file */
static u16_t block;   /* the number of the last one, sent or received */
static bool writing;  /* the client does */
static bool given_up; /* by the client */
static ip_addr_t client;
static u16_t client_port;

/* ---- what lwIP's server calls ---- */

static void *tftp_open(const char *name, const char *mode, u8_t write)
{
    (void)name;
    (void)mode;
    writing = write;
    taken = true;
    block = 0;
    return &file;
}

static void tftp_close(void *handle)
{
    (void)handle;
    close(file);
    file = -1;
    taken = false;
}

/* Fewer bytes than were asked for end the transfer. */
static int tftp_read(void *handle, void *to, int count)
{
    int done = 0;

    (void)handle;
    if (given_up)
        return -1;
    while (done < count) {
        ssize_t n = read(file, (char *)to + done, (size_t)(count - done));

        if (n < 0)
            return -1;
        if (!n)
            break;
        done += (int)n;
    }
    block++;
    return done;
}

static int tftp_write(void *handle, struct pbuf *p)
{
    (void)handle;
    for (; p; p = p->next)
        if (given_up || write(file, p->payload, p->len) != p->len)
            return -1;
    block++;
    return 0;
}

/* ---- requests ---- */

static void refuse(struct udp_pcb *pcb, const ip_addr_t *to, u16_t port, u16_t code,
                   const char *why)
{
    const u16_t size = (u16_t)(HEADER + strlen(why) + 1);
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, size, PBUF_RAM);

    if (!p)
        return;
    ((u16_t *)p->payload)[0] = PP_HTONS(ERROR);
    ((u16_t *)p->payload)[1] = lwip_htons(code);
    memcpy((char *)p->payload + HEADER, why, size - HEADER);
    udp_sendto(pcb, p, to, port);
    pbuf_free(p);
}

/* The text that begins at byte `at`; the byte after its end, or 0: there is no end, or no room. */
static u16_t get_text(const struct pbuf *p, u16_t at, char *text, size_t size)
{
    const u16_t end = pbuf_memfind(p, "", 1, at);

    if (end == 0xffff || (size_t)(end - at) >= size)
        return 0;
    pbuf_copy_partial(p, text, (u16_t)(end - at + 1), at);
    return (u16_t)(end + 1);
}

static int open_upload(const char *name)
{
    char path[300];
    int ret = upload_folder ? served_path(upload_folder, name, path, sizeof(path)) : -EACCES, fd;

    if (ret)
        return ret;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    return fd < 0 ? -errno : fd;
}

/* Opens what is asked for. NULL, or why not. */
static const char *open_request(const struct pbuf *p, bool write, u16_t *code)
{
    char name[TFTP_MAX_FILENAME_LEN], mode[TFTP_MAX_MODE_LEN + 1];
    const u16_t after = get_text(p, 2, name, sizeof(name));
    off_t size;

    *code = ILLEGAL;
    if (!after || !get_text(p, after, mode, sizeof(mode)))
        return "not a request";
    file = write ? open_upload(name) : served_open(name, &size);
    if (file >= 0)
        return NULL;
    *code = file == -ENOENT ? NOT_FOUND : ACCESS;
    return strerror(-file);
}

/* Does the transfer go on with this? lwIP's server says what is wrong when there is no transfer. */
static bool is_next(u16_t operation, u16_t number)
{
    if (file < 0)
        return true;
    return operation == DATA ? number == (u16_t)(block + 1) || number == block : number == block;
}

static void received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                     u16_t port)
{
    u16_t *header = p->payload;
    u16_t operation, code;
    const char *why;
    bool pass = false;

    if (p->len >= HEADER) {
        operation = lwip_ntohs(header[0]);
        if (operation == DATA || operation == ACK) {
            pass = is_next(operation, lwip_ntohs(header[1]));
        } else if (operation == ERROR) {
            given_up = pass = file >= 0 && port == client_port && ip_addr_cmp(from, &client);
            header[0] = lwip_htons(writing ? DATA : ACK);
            header[1] = lwip_htons((u16_t)(writing ? block + 1 : block));
        } else if (operation != READ && operation != WRITE) {
            pass = true;
        } else if (file < 0) {
            why = open_request(p, operation == WRITE, &code);
            if (why)
                refuse(pcb, from, port, code, why);
            pass = !why;
            ip_addr_copy(client, *from);
            client_port = port;
        }
    }
    if (!pass) {
        pbuf_free(p);
        return;
    }
    server(arg, pcb, p, from, port);
    given_up = false;
    if (file >= 0 && !taken)
        tftp_close(&file);
}

int tftp_files_start(const char *upload)
{
    static const struct tftp_context context = {tftp_open, tftp_close, tftp_read, tftp_write};
    err_t err;

    upload_folder = upload;
    LOCK_TCPIP_CORE();
    err = tftp_init(&context);
    for (struct udp_pcb *pcb = udp_pcbs; err == ERR_OK && pcb; pcb = pcb->next) {
        if (pcb->local_port == TFTP_PORT) {
            server = pcb->recv;
            udp_recv(pcb, received, NULL);
        }
    }
    UNLOCK_TCPIP_CORE();
    return err == ERR_OK ? 0 : -ENOMEM;
}
