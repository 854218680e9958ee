/* SPDX-License-Identifier: MIT */
#include <time.h>

/* Days from 1970-01-01 to the first of a month, by the Gregorian calendar; month 0 is January. */
static long long days_before(long long year, int month)
{
    static const int in_year[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const long long y = year - (month < 2); /* the last year whose 29th of February counts */
    long long leaps = y / 4 - y / 100 + y / 400;

    if (y < 0) /* round down */
        leaps = (y - 3) / 4 - (y - 99) / 100 + (y - 399) / 400;
    return (year - 1970) * 365 + leaps - 477 + in_year[month];
}

/* mktime() for UTC: normalises *tm. */
time_t timegm(struct tm *tm)
{
    long long months = tm->tm_year * 12LL + tm->tm_mon;
    long long year = months / 12;
    time_t t;

    if (months % 12 < 0)
        year--;
    t = (time_t)((days_before(year + 1900, (int)(months - year * 12)) + tm->tm_mday - 1) * 86400 +
                 tm->tm_hour * 3600LL + tm->tm_min * 60LL + tm->tm_sec);
    gmtime_r(&t, tm);
    return t;
}

time_t timelocal(struct tm *tm)
{
    return mktime(tm);
}
