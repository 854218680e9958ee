/* SPDX-License-Identifier: MIT */
/*
 * The numbers of the NBD protocol, with the names and values of its document
 * (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md). All integers on the wire are
 * big-endian.
 */
#ifndef NBDSERVER_PROTOCOL_H
#define NBDSERVER_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NBD_MAGIC                  0x4e42444d41474943u /* "NBDMAGIC" */
#define NBD_OPTION_MAGIC           0x49484156454f5054u /* "IHAVEOPT" */
#define NBD_OPTION_REPLY_MAGIC     0x0003e889045565a9u
#define NBD_REQUEST_MAGIC          0x25609513u
#define NBD_SIMPLE_REPLY_MAGIC     0x67446698u
#define NBD_STRUCTURED_REPLY_MAGIC 0x668e33efu

/* Handshake flags, the server's and the client's. */
#define NBD_FLAG_FIXED_NEWSTYLE 1u
#define NBD_FLAG_NO_ZEROES      2u

enum nbd_option {
    NBD_OPT_EXPORT_NAME = 1,
    NBD_OPT_ABORT = 2,
    NBD_OPT_LIST = 3,
    NBD_OPT_STARTTLS = 5,
    NBD_OPT_INFO = 6,
    NBD_OPT_GO = 7,
    NBD_OPT_STRUCTURED_REPLY = 8,
    NBD_OPT_LIST_META_CONTEXT = 9,
    NBD_OPT_SET_META_CONTEXT = 10,
};

#define NBD_REP_ACK          1u
#define NBD_REP_SERVER       2u
#define NBD_REP_INFO         3u
#define NBD_REP_META_CONTEXT 4u
#define NBD_REP_ERR_UNSUP    0x80000001u
#define NBD_REP_ERR_POLICY   0x80000002u
#define NBD_REP_ERR_INVALID  0x80000003u
#define NBD_REP_ERR_TLS_REQD 0x80000005u
#define NBD_REP_ERR_UNKNOWN  0x80000006u
#define NBD_REP_ERR_TOO_BIG  0x80000009u

#define NBD_INFO_EXPORT      0u
#define NBD_INFO_NAME        1u
#define NBD_INFO_DESCRIPTION 2u
#define NBD_INFO_BLOCK_SIZE  3u

/* Transmission flags, of an export. */
#define NBD_FLAG_HAS_FLAGS         0x001u
#define NBD_FLAG_READ_ONLY         0x002u
#define NBD_FLAG_SEND_FLUSH        0x004u
#define NBD_FLAG_SEND_FUA          0x008u
#define NBD_FLAG_SEND_TRIM         0x020u
#define NBD_FLAG_SEND_WRITE_ZEROES 0x040u
#define NBD_FLAG_SEND_DF           0x080u
#define NBD_FLAG_CAN_MULTI_CONN    0x100u
#define NBD_FLAG_SEND_CACHE        0x400u
#define NBD_FLAG_SEND_FAST_ZERO    0x800u

enum nbd_command {
    NBD_CMD_READ = 0,
    NBD_CMD_WRITE = 1,
    NBD_CMD_DISC = 2,
    NBD_CMD_FLUSH = 3,
    NBD_CMD_TRIM = 4,
    NBD_CMD_CACHE = 5,
    NBD_CMD_WRITE_ZEROES = 6,
    NBD_CMD_BLOCK_STATUS = 7,
};

#define NBD_CMD_FLAG_FUA       0x01u
#define NBD_CMD_FLAG_NO_HOLE   0x02u
#define NBD_CMD_FLAG_DF        0x04u
#define NBD_CMD_FLAG_REQ_ONE   0x08u
#define NBD_CMD_FLAG_FAST_ZERO 0x10u

#define NBD_REPLY_FLAG_DONE         1u
#define NBD_REPLY_TYPE_NONE         0u
#define NBD_REPLY_TYPE_OFFSET_DATA  1u
#define NBD_REPLY_TYPE_BLOCK_STATUS 5u
#define NBD_REPLY_TYPE_ERROR        0x8001u
#define NBD_REPLY_TYPE_ERROR_OFFSET 0x8002u

enum nbd_error {
    NBD_OK = 0,
    NBD_EPERM = 1,
    NBD_EIO = 5,
    NBD_ENOMEM = 12,
    NBD_EINVAL = 22,
    NBD_ENOSPC = 28,
    NBD_EOVERFLOW = 75,
    NBD_ENOTSUP = 95,
    NBD_ESHUTDOWN = 108,
};

#define NBD_STRING_MAX 4096u /* bytes of a name or another string */
#define NBD_PAYLOAD_MAX \
    (32u * 1048576u) /* bytes of a request, unless other limits were agreed on */

static inline void put_be(uint8_t *to, unsigned bytes, uint64_t value)
{
    while (bytes--) {
        to[bytes] = (uint8_t)value;
        value >>= 8;
    }
}

static inline uint64_t get_be(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes--)
        value = value << 8 | *from++;
    return value;
}

#endif
