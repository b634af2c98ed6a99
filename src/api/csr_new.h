/*
 * api/csr_new: what a certificate request is to ask for, as it comes in.
 *
 * Subject fields have the lengths of RFC 5280, appendix A.1; names are put into the form in which a
 * certificate holds them (A-labels, lower case), each once. What is wrong is complained of field by
 * field.
 */
#pragma once

#include "api/api.h"
#include "vault/client_keys.h"

struct csr_wish {
    const char *name; /* borrowed from the body, or from what follows */
    const char *description;
    const char *business_group;
    enum vault_algorithm algorithm;
    struct vault_csr subject; /* borrows from the body and from `sans` */
    char **sans;              /* "dns:www.example.org"; n of them in subject.n_sans */
    size_t room;
    struct buf sans_json; /* the same as a list of {type, value} */
};

/* Read the body; ERR_INVALID with problems. The caller calls csr_wish_done() in any case. */
bool csr_wish_read(struct api_call *call, struct csr_wish *ret, struct err *err) must_check;

/* Only what is to be certified: "subject", "sans" and "key" of `in`; *ret_any is whether there was
 * any of it, *ret_key whether a key was chosen. The caller calls csr_wish_done(). */
bool csr_wish_read_names(struct json_in *in, struct csr_wish *ret, bool *ret_any, bool *ret_key,
    struct err *err) must_check;
void csr_wish_done(struct csr_wish *wish);

/* "subject" and "key" alone, of whatever body has them; *ret stays where there is none. What is in
 * ret borrows from the body. */
void csr_new_read_subject(struct json_in *body, struct vault_csr *ret);
void csr_new_read_key(struct json_in *body, enum vault_algorithm *ret);

DEFINE_AUTODONE(csr_wish);
