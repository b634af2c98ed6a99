/* vault/lane: see the header. */
#include "vault/lane.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fs.h"

/* An RSA key of 4096 bits can take long on a small machine. */
#define CALL_TIMEOUT_MS 60000

void lane_init(struct lane *lane)
{
    *lane = (struct lane){ .fd = -1, .next_fd = -1 };
    (void)pthread_mutex_init(&lane->calling, NULL);
    (void)pthread_mutex_init(&lane->state, NULL);
}

void lane_done(struct lane *lane)
{
    fd_close(lane->fd);
    fd_close(lane->next_fd);
    (void)pthread_mutex_destroy(&lane->calling);
    (void)pthread_mutex_destroy(&lane->state);
}

void lane_set_fd(struct lane *lane, int fd)
{
    (void)pthread_mutex_lock(&lane->state);
    if (lane->fd >= 0)
        (void)shutdown(lane->fd, SHUT_RDWR);
    fd_close(lane->next_fd);
    lane->next_fd = fd;
    lane->has_next = true;
    (void)pthread_mutex_unlock(&lane->state);
}

void lane_adopt(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->state);
    if (lane->has_next) {
        fd_close(lane->fd);
        lane->fd = lane->next_fd;
        lane->next_fd = -1;
        lane->has_next = false;
    }
    (void)pthread_mutex_unlock(&lane->state);
}

bool lane_has_next(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->state);
    bool has_next = lane->has_next;

    (void)pthread_mutex_unlock(&lane->state);
    return has_next;
}

void lane_drop(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->state);
    fd_close(lane->fd);
    lane->fd = -1;
    (void)pthread_mutex_unlock(&lane->state);
}

bool lane_is_alive(const struct lane *lane)
{
    struct pollfd look = { .fd = lane->fd, .events = POLLIN };

    return lane->fd >= 0 && poll(&look, 1, 0) == 0;
}

static bool exchange_frames(struct lane *lane, enum vault_request type, struct span payload,
    int passed, struct buf *in, struct frame *ret, struct err *err)
{
    struct frame request = { .request = ++lane->n_calls,
        .type = (uint16_t)type,
        .payload = payload };

    if (!frame_send(lane->fd, &request, &passed, passed >= 0 ? 1 : 0, err) ||
        !frame_receive(lane->fd, CALL_TIMEOUT_MS, in, ret, NULL, NULL, err))
        return false;
    if (ret->request != request.request || (ret->type != VAULT_DONE && ret->type != VAULT_FAILED))
        return fail(err, ERR_INTERNAL, "the vault answered something else");
    return true;
}

bool lane_exchange(struct lane *lane, enum vault_request type, const struct buf *payload,
    int passed, struct buf *in, struct frame_reader *ret, struct err *err)
{
    struct frame answer;

    if (!buf_check(payload, "a request to the vault", err))
        return false;
    if (lane->fd < 0)
        return fail(err, ERR_UNAVAILABLE, "the vault is not running");
    if (!exchange_frames(lane, type, buf_span(payload), passed, in, &answer, err)) {
        lane_drop(lane);
        err->kind = ERR_UNAVAILABLE;
        return err_wrap(err, "the vault did not answer");
    }
    *ret = frame_reader_of(answer.payload);
    return answer.type == VAULT_DONE || frame_read_err(ret, err);
}
