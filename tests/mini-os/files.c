/* SPDX-License-Identifier: MIT */
/*
 * A program for Mini-OS with main() and a type of files of its own, which it waits for with poll() and
 * select(), and headers by their bare names.
 */
#include <events.h>
#include <lib.h>
#include <os.h>
#include <wait.h>
#include <xenbus.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>     /* POSIX' */
#include <semaphore.h> /* POSIX' */
#include <sys/select.h>
#include <time.h> /* POSIX' */
#include <unistd.h>

#include "../posix/tap.h"

static unsigned int type;
static int closed;
static char taken[64];

static int counter_read(struct file *file, void *buf, size_t n)
{
    memset(buf, 'c', n);
    file->read = false;
    return (int)n;
}

static int counter_write(struct file *file, const void *buf, size_t n)
{
    (void)file;
    if (n > sizeof(taken)) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(taken, buf, n);
    return (int)n;
}

static int counter_close(struct file *file)
{
    closed++;
    return file->dev ? 0 : -1;
}

static int counter_stat(struct file *file, struct stat *st)
{
    (void)file;
    st->st_mode = S_IFCHR | 0444;
    st->st_size = 99;
    return 0;
}

static const struct file_ops counter_ops = {
    .name = "counter",
    .read = counter_read,
    .write = counter_write,
    .close = counter_close,
    .fstat = counter_stat,
    .select_rd = select_read_flag,
};
static const struct file_ops nothing_ops = {.name = "nothing"};

__attribute__((constructor)) static void make_type(void)
{
    type = alloc_file_type(&counter_ops);
}

static void on_event(evtchn_port_t port, struct pt_regs *regs, void *data)
{
    (void)port;
    (void)regs;
    get_file_from_fd(*(int *)data)->read = true;
    wake_up(&event_queue);
}

int main(int argc, char *argv[])
{
    int fd = alloc_fd(type), nothing = alloc_fd(alloc_file_type(&nothing_ops)), copy;
    evtchn_port_t local, remote;
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
    struct timeval none = {0};
    struct stat st;
    sem_t posix;
    fd_set set;
    char buf[128] = "";

    (void)argv;
    CHECK("a constructor has made a type", type >= FTYPE_N);
    CHECK("descriptors", fd > 2 && nothing > fd);
    CHECK("a descriptor has a file",
          get_file_from_fd(fd) && get_file_from_fd(fd)->type == type && !get_file_from_fd(fd)->dev);
    CHECK("others have none",
          !get_file_from_fd(1) && !get_file_from_fd(-1) && !get_file_from_fd(100));
    CHECK("no such type", alloc_fd(FTYPE_SPARE + FTYPE_N) == -1 && errno == EINVAL);
    CHECK("without read it is an error", read(nothing, buf, 1) == -1 && errno == EINVAL);
    get_file_from_fd(fd)->dev = &posix;

    CHECK("it is written", write(fd, "hello", 5) == 5 && !memcmp(taken, "hello", 5));
    CHECK("its errors arrive", write(fd, buf, sizeof(buf)) == -1 && errno == EMSGSIZE);
    CHECK("it has no position", lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE);
    CHECK("its stat", !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_size == 99);

    CHECK("it can be written, not read", poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    CHECK("a read would wait", read(fd, buf, 1) == -1 && errno == EAGAIN);
    CHECK("events", !evtchn_alloc_unbound(DOMID_SELF, on_event, &fd, &local) &&
                        !evtchn_bind_interdomain(DOMID_SELF, local, on_event, &fd, &remote));
    wait_event_deadline(event_queue, false, NOW() + MILLISECS(1));
    get_file_from_fd(fd)->read = false;
    unmask_evtchn(local);
    p.events = POLLIN;
    CHECK("nothing comes by itself", poll(&p, 1, 20) == 0);
    notify_remote_via_evtchn(remote);
    CHECK("an event ends poll()", poll(&p, 1, 5000) == 1 && p.revents == POLLIN);
    CHECK("it is read", read(fd, buf, 3) == 3 && !memcmp(buf, "ccc", 3));
    FD_ZERO(&set);
    FD_SET(fd, &set);
    CHECK("select() knows", select(fd + 1, &set, NULL, NULL, &none) == 0);
    notify_remote_via_evtchn(remote);
    FD_SET(fd, &set);
    CHECK("and is ended", select(fd + 1, &set, NULL, NULL, NULL) == 1 && FD_ISSET(fd, &set));

    copy = dup(fd);
    CHECK("a copy is the same file", get_file_from_fd(copy) == get_file_from_fd(fd));
    close(fd);
    CHECK("which is closed once", closed == 0 && !close(copy) && closed == 1);
    CHECK("and is no descriptor then", !get_file_from_fd(copy));
    CHECK("POSIX' headers are beside",
          !sem_init(&posix, 0, 1) && !sem_trywait(&posix) && !sched_yield());
    CHECK("arguments", argc == 3);
    unbind_evtchn(local);
    unbind_evtchn(remote);
    return tap_end();
}
