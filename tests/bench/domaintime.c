/* SPDX-License-Identifier: MIT */
/* Prints the time in which all domains but dom0 have run, in ns; in dom0. */
#include <inttypes.h>
#include <stdio.h>

#include "../guests/nettest/domains.h"

int main(void)
{
    printf("%" PRIu64 "\n", domains_ran());
    return 0;
}
