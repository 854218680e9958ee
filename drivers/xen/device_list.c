/* SPDX-License-Identifier: MIT */
/* The numbers of a class's devices (kernel/device.h). */
#include <kernel/device.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

bool device_number(const char *text, unsigned *number)
{
    uint64_t value;
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    if (len > 1 && text[0] == '0')
        return false; /* another number's folder could carry it */
    if (parse_u64(text, len, &value) || value > UINT32_MAX)
        return false;
    *number = (unsigned)value;
    return true;
}

int device_list(const char *folder, enum mem_class class, unsigned **numbers, unsigned *count)
{
    char **names;
    unsigned n, *list;
    int ret = xs_list(XS_NO_TRANSACTION, folder, NULL, &names, &n);

    *numbers = NULL;
    *count = 0;
    if (ret)
        return ret == -ENOENT ? 0 : ret;
    list = heap_zalloc(n, sizeof(*list), class);
    for (unsigned i = 0; list && i < n; i++) {
        unsigned number, at;

        if (!device_number(names[i], &number))
            continue;
        for (at = *count; at && list[at - 1] >= number; at--)
            ;
        if (at < *count && list[at] == number)
            continue; /* said twice */
        memmove(&list[at + 1], &list[at], ((*count)++ - at) * sizeof(*list));
        list[at] = number;
    }
    heap_free(names);
    *numbers = list;
    return list ? 0 : -ENOMEM;
}

int device_enumerate(const char *folder, enum mem_class class,
                     int (*fn)(const char *name, void *arg), void *arg)
{
    unsigned *numbers, count;
    int ret = device_list(folder, class, &numbers, &count);

    if (ret)
        return ret;
    for (unsigned i = 0; i < count; i++) {
        char name[DEVICE_NUMBER_SIZE];

        format(name, sizeof(name), "%u", numbers[i]);
        if (fn(name, arg))
            break;
    }
    heap_free(numbers);
    return (int)count;
}
