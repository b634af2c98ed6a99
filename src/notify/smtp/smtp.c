/* notify/smtp: mail, handed to one mail server, which takes it from there. */
#include "notify/notify.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "net/smtp_client.h"
#include "notify/digest.h"
#include "notify/notifier.h"
#include "notify/smtp/mail.h"

#define PASSWORD_MAX 4096
#define MAIL_MAX (8u << 20)

struct smtp {
    struct channel channel;
    struct smtp_client *client;
    struct secret *password;
    struct mime_mailbox from;
};

static void smtp_close(struct channel *channel)
{
    struct smtp *smtp = (struct smtp *)channel;

    smtp_client_free(smtp->client);
    secret_free(smtp->password);
    free(smtp);
}

/* The first line of the file. */
static bool read_password(const struct conf *conf, struct secret **ret, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(PASSWORD_MAX);
    struct span rest;
    struct span line;

    if (!conf_is_set(conf, CONF_SMTP_PASSWORD_FILE))
        return true;
    if (!fs_read(conf_text(conf, CONF_SMTP_PASSWORD_FILE), &text, err))
        return err_wrap(err, "could not read the mail server's password");
    rest = buf_span(&text);
    if (!span_split(&rest, '\n', &line))
        return fail(err, ERR_INVALID, "the file with the mail server's password is empty");
    *ret = secret_new(span_trim(line));
    return true;
}

static bool smtp_open(const struct channel_conf *conf, struct channel **ret, struct err *err)
{
    autofree(str) char *sender = notifier_sender(conf->conf);
    struct smtp *smtp = xcalloc(1, sizeof *smtp);
    struct smtp_conf client = { .host = conf_text(conf->conf, CONF_SMTP_HOST),
        .port = (int)conf_i64(conf->conf, CONF_SMTP_PORT),
        .tls = (enum smtp_tls)conf_i64(conf->conf, CONF_SMTP_TLS),
        .user = conf_text(conf->conf, CONF_SMTP_USER),
        .ca_file = conf_text(conf->conf, CONF_SMTP_CA_FILE),
        .timeout_ms = conf_i64(conf->conf, CONF_SMTP_TIMEOUT) };

    smtp->channel.ops = &smtp_channel;
    if (conf->timeout_ms && conf->timeout_ms < client.timeout_ms)
        client.timeout_ms = conf->timeout_ms;
    bool works = client.host[0] ||
                 fail(err, ERR_INVALID, "no mail server is configured: set host in section [smtp]");

    works = works && read_password(conf->conf, &smtp->password, err);
    if (works && !mime_mailbox_parse(span_text(sender), &smtp->from, err))
        works = err_wrap(err, "cannot send mail from \"%.100s\"", sender);
    client.password = smtp->password;
    works = works && smtp_client_new(&client, &smtp->client, err);
    if (works)
        *ret = &smtp->channel;
    else
        smtp_close(&smtp->channel);
    return works;
}

static bool smtp_compose(const struct notice *notice, struct buf *subject, struct buf *body,
    struct err *err)
{
    digest_subject(notice, subject);
    digest_text(notice, body);
    return buf_check(subject, "the subject of a mail", err) && buf_check(body, "a mail", err);
}

static bool smtp_send(struct channel *channel, const struct notice *notice,
    const struct handover *handover, struct verdict *verdict, struct err *err)
{
    struct smtp *smtp = (struct smtp *)channel;
    autodone(buf) struct buf text = BUF_INIT(MAIL_MAX);
    struct smtp_message message = { .from = smtp->from.address,
        .to = notice->delivery->recipient,
        .about_to = handover->run,
        .about_to_arg = handover->arg };
    struct smtp_answer answer = { 0 };

    verdict->is_about_message = true;
    if (!mime_address_check(span_text(message.to), err))
        return err_wrap(err, "\"%.100s\" is not a usable mail address", message.to);
    mail_write(notice, &smtp->from, &text);
    if (!buf_check(&text, "a mail", err))
        return false;
    message.text = buf_span(&text);
    bool works = smtp_client_send(smtp->client, &message, &answer, err);

    verdict->is_about_message = works || answer.is_about_message;
    span_copy_text(span_text(answer.said), verdict->said, sizeof verdict->said);
    return works;
}

const struct channel_ops smtp_channel = {
    .name = CHANNEL_EMAIL,
    .max_attempts = 60, /* with the back-off of jobs: about two days */
    .open = smtp_open,
    .close = smtp_close,
    .compose = smtp_compose,
    .send = smtp_send,
};
