/* SPDX-License-Identifier: MIT */
/* Copying from one descriptor to another, through a buffer. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define BUFFER 65536

/* At *offset, which moves, or at the file's position if offset is NULL. */
static ssize_t take(int fd, void *buf, size_t n, off_t *offset)
{
    ssize_t got = offset ? pread(fd, buf, n, *offset) : read(fd, buf, n);

    if (offset && got > 0)
        *offset += got;
    return got;
}

static ssize_t give(int fd, const char *buf, size_t n, off_t *offset)
{
    ssize_t put = offset ? pwrite(fd, buf, n, *offset) : write(fd, buf, n);

    if (offset && put > 0)
        *offset += put;
    return put;
}

/* What was read and could not be written is given back to the file's position. */
static void give_back(int fd, off_t *offset, size_t n)
{
    if (offset)
        *offset -= (off_t)n;
    else
        lseek(fd, -(off_t)n, SEEK_CUR);
}

static ssize_t copy_by(char *buf, int from, off_t *from_offset, int to, off_t *to_offset,
                       size_t count)
{
    size_t done = 0;
    ssize_t got = 0, put = 0;

    while (done < count) {
        size_t want = count - done < BUFFER ? count - done : BUFFER;

        got = take(from, buf, want, from_offset);
        if (got <= 0)
            break;
        put = give(to, buf, (size_t)got, to_offset);
        done += put > 0 ? (size_t)put : 0;
        if (put < got) {
            int error = errno;

            give_back(from, from_offset, (size_t)(got - (put > 0 ? put : 0)));
            errno = error;
            break;
        }
    }
    return done || (got >= 0 && put >= 0) ? (ssize_t)done : -1;
}

/* The thread may be cancelled in it. */
static ssize_t copy(int from, off_t *from_offset, int to, off_t *to_offset, size_t count)
{
    char *buf = malloc(BUFFER);
    ssize_t ret;

    if (!buf)
        return -1;
    pthread_cleanup_push(free, buf);
    ret = copy_by(buf, from, from_offset, to, to_offset, count);
    pthread_cleanup_pop(1);
    return ret;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count)
{
    /* what cannot be given back is not taken */
    if (lseek(from, 0, SEEK_CUR) < 0) {
        errno = EINVAL;
        return -1;
    }
    return copy(from, offset, to, NULL, count);
}

ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t length,
                        unsigned flags)
{
    if (flags || lseek(from, 0, SEEK_CUR) < 0 || lseek(to, 0, SEEK_CUR) < 0) {
        errno = EINVAL;
        return -1;
    }
    return copy(from, from_offset, to, to_offset, length);
}
