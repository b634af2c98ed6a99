/* vault/general_name: see the header. */
#include "vault/general_name.h"

static bool is_printable(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p >= 0x7F)
            return false;
    return text[0] != '\0';
}

/* `value` is consumed. */
static bool set(GENERAL_NAME *name, int type, ASN1_STRING *value, struct span content)
{
    if (!value || ASN1_STRING_set(value, content.data, (int)content.size) != 1) {
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    return true;
}

bool general_name_set_text(GENERAL_NAME *name, int type, const char *text)
{
    return is_printable(text) && set(name, type, ASN1_IA5STRING_new(), span_text(text));
}

bool general_name_set_bytes(GENERAL_NAME *name, struct span bytes)
{
    return set(name, GEN_IPADD, ASN1_OCTET_STRING_new(), bytes);
}
