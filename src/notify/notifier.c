/* notify/notifier: see the header. */
#include "notify/notifier.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/mime.h"
#include "conf/conf.h"

struct notifier {
    pthread_mutex_t mutex;
    struct conf *conf;
    const char *node;
};

struct notifier *notifier_new(struct conf *conf, const char *node)
{
    struct notifier *notifier = xcalloc(1, sizeof *notifier);

    ASSERT(pthread_mutex_init(&notifier->mutex, NULL) == 0);
    notifier->conf = conf_ref(conf);
    notifier->node = node;
    return notifier;
}

const char *notifier_node(const struct notifier *notifier)
{
    return notifier->node;
}

void notifier_free(struct notifier *notifier)
{
    if (!notifier)
        return;
    conf_free(notifier->conf);
    pthread_mutex_destroy(&notifier->mutex);
    free(notifier);
}

void notifier_set(struct notifier *notifier, struct conf *conf)
{
    struct conf *old;

    pthread_mutex_lock(&notifier->mutex);
    old = notifier->conf;
    notifier->conf = conf_ref(conf);
    pthread_mutex_unlock(&notifier->mutex);
    conf_free(old);
}

struct conf *notifier_conf(struct notifier *notifier)
{
    struct conf *conf;

    pthread_mutex_lock(&notifier->mutex);
    conf = conf_ref(notifier->conf);
    pthread_mutex_unlock(&notifier->mutex);
    return conf;
}

bool notifier_has_mail(struct notifier *notifier)
{
    autofree(conf) struct conf *conf = notifier_conf(notifier);

    return conf_is_set(conf, CONF_SMTP_HOST);
}

char *notifier_public_url(const struct conf *conf)
{
    const char *url = conf_text(conf, CONF_SERVER_PUBLIC_URL);
    size_t n = strlen(url);

    while (n > 0 && url[n - 1] == '/')
        n--;
    return xstrndup(url, n);
}

char *notifier_sender(const struct conf *conf)
{
    char host[256] = "";
    struct err ignored = { 0 };

    if (conf_is_set(conf, CONF_SMTP_FROM))
        return xstrdup(conf_text(conf, CONF_SMTP_FROM));
    (void)gethostname(host, sizeof host - 1);
    autofree(str) char *sender = xasprintf("certdesk <certdesk@%s>", host);
    struct mime_mailbox mailbox;

    return mime_mailbox_parse(span_text(sender), &mailbox, &ignored)
               ? take(&sender)
               : xstrdup("certdesk <certdesk@localhost>");
}
