/* SPDX-License-Identifier: MIT */
/* Memory and time of the system. */
#ifndef RINGLET_SYS_SYSINFO_H
#define RINGLET_SYS_SYSINFO_H

struct sysinfo {
    long uptime;            /* seconds since this guest was started */
    unsigned long loads[3]; /* 0: not known */
    unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    unsigned short procs;
    unsigned long totalhigh, freehigh;
    unsigned mem_unit; /* bytes */
};

int sysinfo(struct sysinfo *out);
int get_nprocs(void);
int get_nprocs_conf(void);
long get_phys_pages(void);
long get_avphys_pages(void);

#endif
