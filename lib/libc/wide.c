/* SPDX-License-Identifier: MIT */
/*
 * Wide characters are Unicode's in every locale. newlib's towctrans() asks these for the Japanese
 * encodings, which it has only when it is built with all multibyte encodings.
 */
#include <locale.h>
#include <wchar.h>

wint_t _jp2uc_l(wint_t c, struct __locale_t *locale);
wint_t _uc2jp_l(wint_t c, struct __locale_t *locale);

wint_t _jp2uc_l(wint_t c, struct __locale_t *locale)
{
    (void)locale;
    return c;
}

wint_t _uc2jp_l(wint_t c, struct __locale_t *locale)
{
    (void)locale;
    return c;
}
