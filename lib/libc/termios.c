/* SPDX-License-Identifier: MIT */
/* Settings of the console. What it does not have stays as it is, as POSIX permits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/fs/tty.h"
#include "posix.h"

#define SPEED B38400 /* a console has none; programs expect one */

static const struct {
    unsigned char posix;
    enum tty_char tty;
} chars[] = {
    {VINTR, TTY_INTR},     {VQUIT, TTY_QUIT}, {VSUSP, TTY_SUSP}, {VERASE, TTY_ERASE},
    {VWERASE, TTY_WERASE}, {VKILL, TTY_KILL}, {VEOF, TTY_EOF},   {VEOL, TTY_EOL},
};
#define CHARS (sizeof(chars) / sizeof(chars[0]))

static void from_settings(const struct tty_settings *from, struct termios *to)
{
    *to = (struct termios){.c_cflag = CS8 | CREAD | CLOCAL, .c_ispeed = SPEED, .c_ospeed = SPEED};
    to->c_oflag = from->output ? OPOST | ONLCR : 0;
    to->c_iflag =
        (from->cr_to_nl ? ICRNL : 0) | (from->nl_to_cr ? INLCR : 0) | (from->ignore_cr ? IGNCR : 0);
    to->c_lflag = (from->canonical ? ICANON | ECHOE | ECHOK : 0) | (from->echo ? ECHO : 0) |
                  (from->echo_newline ? ECHONL : 0) | (from->signals ? ISIG : 0);
    for (size_t i = 0; i < CHARS; i++)
        to->c_cc[chars[i].posix] = from->chars[chars[i].tty];
    to->c_cc[VMIN] = from->min;
    to->c_cc[VTIME] = from->time;
}

static void to_settings(const struct termios *from, struct tty_settings *to)
{
    to->canonical = from->c_lflag & ICANON;
    to->echo = from->c_lflag & ECHO;
    to->echo_newline = from->c_lflag & ECHONL;
    to->signals = from->c_lflag & ISIG;
    to->cr_to_nl = from->c_iflag & ICRNL;
    to->nl_to_cr = from->c_iflag & INLCR;
    to->ignore_cr = from->c_iflag & IGNCR;
    for (size_t i = 0; i < CHARS; i++)
        to->chars[chars[i].tty] = from->c_cc[chars[i].posix];
    to->min = from->c_cc[VMIN];
    to->time = from->c_cc[VTIME];
}

static int64_t check_tty(int fd)
{
    return WITH_FILE(f, fd, file_is_tty(f) ? 0 : -ENOTTY);
}

int tcgetattr(int fd, struct termios *out)
{
    int64_t ret = check_tty(fd);
    struct tty_settings settings;

    if (!ret) {
        tty_get(&settings);
        from_settings(&settings, out);
    }
    return (int)posix_result(ret);
}

int tcsetattr(int fd, int when, const struct termios *from)
{
    int64_t ret = check_tty(fd);
    unsigned actions = 0;
    struct tty_settings settings;

    if (!ret && (when < TCSANOW || when > TCSAFLUSH))
        ret = -EINVAL;
    if (ret)
        return (int)posix_result(ret);
    if (when != TCSANOW)
        actions |= TTY_DRAIN;
    if (when == TCSAFLUSH)
        actions |= TTY_FLUSH_INPUT;
    tty_get(&settings);
    to_settings(from, &settings);
    return (int)posix_result(tty_set(&settings, actions));
}

/* Output is not kept in the guest: there is nothing of it to be dropped. */
int tcflush(int fd, int which)
{
    int64_t ret = check_tty(fd);

    if (!ret && which != TCIFLUSH && which != TCOFLUSH && which != TCIOFLUSH)
        ret = -EINVAL;
    if (!ret && which != TCOFLUSH)
        ret = tty_flush(TTY_FLUSH_INPUT);
    return (int)posix_result(ret);
}

int tcdrain(int fd)
{
    int64_t ret = check_tty(fd);

    posix_cancellation_point();
    return (int)posix_result(ret ? ret : tty_flush(TTY_DRAIN));
}

/* A console can neither stop nor break. */
int tcflow(int fd, int action)
{
    int64_t ret = check_tty(fd);

    (void)action;
    return (int)posix_result(ret ? ret : -EINVAL);
}

int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return (int)posix_result(check_tty(fd));
}

pid_t tcgetsid(int fd)
{
    int64_t ret = check_tty(fd);

    return (pid_t)posix_result(ret ? ret : getpid());
}

pid_t tcgetpgrp(int fd)
{
    return tcgetsid(fd);
}

int tcsetpgrp(int fd, pid_t group)
{
    int64_t ret = check_tty(fd);

    if (!ret && group != getpid())
        ret = group < 0 ? -EINVAL : -EPERM;
    return (int)posix_result(ret);
}

speed_t cfgetispeed(const struct termios *settings)
{
    return settings->c_ispeed;
}

speed_t cfgetospeed(const struct termios *settings)
{
    return settings->c_ospeed;
}

static int set_speed(speed_t *to, speed_t speed)
{
    if ((speed > B38400 && speed < B57600) || speed > B230400) {
        errno = EINVAL;
        return -1;
    }
    *to = speed;
    return 0;
}

int cfsetispeed(struct termios *settings, speed_t speed)
{
    return set_speed(&settings->c_ispeed, speed);
}

int cfsetospeed(struct termios *settings, speed_t speed)
{
    return set_speed(&settings->c_ospeed, speed);
}

int cfsetspeed(struct termios *settings, speed_t speed)
{
    return cfsetispeed(settings, speed) ? -1 : cfsetospeed(settings, speed);
}

void cfmakeraw(struct termios *settings)
{
    settings->c_iflag &=
        ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    settings->c_oflag &= ~(tcflag_t)OPOST;
    settings->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    settings->c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    settings->c_cflag |= CS8;
    settings->c_cc[VMIN] = 1;
    settings->c_cc[VTIME] = 0;
}
