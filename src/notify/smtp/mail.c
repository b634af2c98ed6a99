/* notify/smtp/mail: see the header. */
#include "notify/smtp/mail.h"

#include <stdio.h>
#include <string.h>

#include "notify/digest.h"

static const char *domain_of(const struct mime_mailbox *mailbox)
{
    const char *at = strchr(mailbox->address, '@');

    return at ? at + 1 : "localhost";
}

static void add_part(struct buf *out, const char *boundary, const char *type,
    const struct buf *text)
{
    buf_addf(out,
        "--%s\r\nContent-Type: %s; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
        boundary, type);
    mime_add_quoted(out, buf_span(text));
    buf_add_text(out, "\r\n");
}

static void add_header(const struct notice *notice, const struct mime_mailbox *from,
    struct buf *out)
{
    const struct delivery_row *delivery = notice->delivery;
    autodone(buf) struct buf subject = BUF_INIT(NOTICE_SUBJECT_MAX);
    struct mime_mailbox to = { 0 };

    span_copy_text(span_text(notice->display_name), to.name, sizeof to.name);
    span_copy_text(span_text(delivery->recipient), to.address, sizeof to.address);
    buf_add_text(&subject, "[certdesk] ");
    buf_add_text(&subject, delivery->subject);
    mime_add_mailbox(out, "From", from);
    mime_add_mailbox(out, "To", &to);
    mime_add_field(out, "Subject", buf_span(&subject));
    mime_add_date(out, "Date", delivery->created_at);
    buf_addf(out, "Message-ID: <%s@%s>\r\n", delivery->uid, domain_of(from));
    /* RFC 3834: nobody's holiday notice is an answer to this. */
    buf_add_text(out, "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n");
    buf_addf(out, "List-Id: <notifications.certdesk.%s>\r\n", domain_of(from));
    buf_addf(out, "X-Certdesk-Event: %s\r\n", delivery->event);
    buf_addf(out,
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n\r\n",
        delivery->uid);
}

void mail_write(const struct notice *notice, const struct mime_mailbox *from, struct buf *out)
{
    autodone(buf) struct buf text = BUF_INIT(NOTICE_BODY_MAX);
    autodone(buf) struct buf html = BUF_INIT(NOTICE_BODY_MAX);
    char boundary[64];

    (void)snprintf(boundary, sizeof boundary, "=_%.40s", notice->delivery->uid);
    digest_text(notice, &text);
    digest_html(notice, &html);
    add_header(notice, from, out);
    add_part(out, boundary, "text/plain", &text);
    add_part(out, boundary, "text/html", &html);
    buf_addf(out, "--%s--\r\n", boundary);
}
