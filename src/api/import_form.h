/*
 * api/import_form: the form that brings a certificate: files, passwords, and what the record is to
 * be called.
 */
#pragma once

#include "api/api.h"
#include "codec/multipart.h"
#include "import/client.h"

struct import_form {
    struct multipart parts;
    struct import_upload upload; /* borrows from the body */
    struct json *fields;         /* the texts, as an object that cert_new's readers understand; of a
                                    JSON body that body, with "certificate" and "chain" */
    bool confirm;
};

/* Which of the form's fields make sense. */
enum import_form_kind { IMPORT_FORM_NEW, IMPORT_FORM_REPLACE, IMPORT_FORM_CSR };

/* Fields that are missing, unknown or given twice leave problems with their names. For a request's
 * certificate the body may be JSON, too. */
bool import_form_read(struct api_call *call, enum import_form_kind kind, struct import_form *ret,
    struct err *err) must_check;
void import_form_done(struct import_form *form);

DEFINE_AUTODONE(import_form);
