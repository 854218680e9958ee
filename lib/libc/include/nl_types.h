/* SPDX-License-Identifier: MIT */
/* Message catalogues: there are none, catopen() fails. */
#ifndef RINGLET_NL_TYPES_H
#define RINGLET_NL_TYPES_H

typedef void *nl_catd;
typedef int nl_item;

#define NL_SETD       1
#define NL_CAT_LOCALE 1

nl_catd catopen(const char *name, int flag);
char *catgets(nl_catd catalogue, int set, int message, const char *text);
int catclose(nl_catd catalogue);

#endif
