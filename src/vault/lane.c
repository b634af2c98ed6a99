/* vault/lane: see the header. */
#include "vault/lane.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
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
        lane->unanswered = 0;
        lane->asked_at_ms = 0;
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
    lane->unanswered = 0;
    lane->asked_at_ms = 0;
    (void)pthread_mutex_unlock(&lane->state);
}

bool lane_is_alive(const struct lane *lane)
{
    struct pollfd look = { .fd = lane->fd, .events = POLLIN };

    return lane->fd >= 0 && (lane->unanswered || poll(&look, 1, 0) == 0);
}

/* With `calling` held. */
static void note_asked(struct lane *lane, enum vault_request type, int64_t at_ms)
{
    (void)pthread_mutex_lock(&lane->state);
    lane->asked = type;
    lane->asked_at_ms = at_ms;
    (void)pthread_mutex_unlock(&lane->state);
}

static bool has_input(int fd)
{
    struct pollfd look = { .fd = fd, .events = POLLIN };

    return poll(&look, 1, 0) > 0;
}

int64_t lane_silent_ms(struct lane *lane, enum vault_request *ret_asked)
{
    int64_t silent_ms = 0;

    (void)pthread_mutex_lock(&lane->state);
    if (lane->asked_at_ms && !lane->has_next && !has_input(lane->fd))
        silent_ms = clock_mono_ms() - lane->asked_at_ms;
    if (ret_asked)
        *ret_asked = lane->asked;
    (void)pthread_mutex_unlock(&lane->state);
    return silent_ms;
}

/* The answer to `request`, or to what lane_ask() has asked before. */
static bool receive(struct lane *lane, enum vault_request type, uint32_t request, struct buf *in,
    struct frame *ret, struct err *err)
{
    bool is_late;

    do {
        if (!frame_receive(lane->fd, CALL_TIMEOUT_MS, in, ret, NULL, NULL, err))
            return false;
        is_late = lane->unanswered && ret->request == lane->unanswered;
        if (is_late) {
            lane->unanswered = 0;
            note_asked(lane, type, clock_mono_ms());
        }
    } while (is_late && ret->request != request);
    if (ret->request != request || (ret->type != VAULT_DONE && ret->type != VAULT_FAILED))
        return fail(err, ERR_INTERNAL, "the vault answered something else");
    return true;
}

static bool send_request(struct lane *lane, enum vault_request type, struct span payload,
    int passed, struct err *err)
{
    const struct frame request = { .request = ++lane->n_calls,
        .type = (uint16_t)type,
        .payload = payload };

    if (!lane->unanswered)
        note_asked(lane, type, clock_mono_ms());
    return frame_send(lane->fd, &request, &passed, passed >= 0 ? 1 : 0, err);
}

/* What has become of a call: with the vault that it was, or without one. */
static bool end_call(struct lane *lane, bool ok, const struct frame *answer,
    struct frame_reader *ret, struct err *err)
{
    note_asked(lane, lane->asked, 0);
    if (!ok) {
        lane_drop(lane);
        err->kind = ERR_UNAVAILABLE;
        return err_wrap(err, "the vault did not answer");
    }
    *ret = frame_reader_of(answer->payload);
    return answer->type == VAULT_DONE || frame_read_err(ret, err);
}

bool lane_exchange(struct lane *lane, enum vault_request type, const struct buf *payload,
    int passed, struct buf *in, struct frame_reader *ret, struct err *err)
{
    struct frame answer;

    if (!buf_check(payload, "a request to the vault", err))
        return false;
    if (lane->fd < 0)
        return fail(err, ERR_UNAVAILABLE, "the vault is not running");
    const bool ok = send_request(lane, type, buf_span(payload), passed, err) &&
                    receive(lane, type, lane->n_calls, in, &answer, err);

    return end_call(lane, ok, &answer, ret, err);
}

/* Does anything come from the vault, its end included? */
static bool has_come(const struct lane *lane, int64_t patience_ms)
{
    struct pollfd look = { .fd = lane->fd, .events = POLLIN };

    return poll(&look, 1, (int)patience_ms) != 0;
}

bool lane_ask(struct lane *lane, enum vault_request type, const struct buf *payload,
    int64_t patience_ms, struct buf *in, struct frame_reader *ret, struct err *err)
{
    struct frame answer;

    if (lane->fd < 0)
        return fail(err, ERR_UNAVAILABLE, "the vault is not running");
    if (!lane->unanswered) {
        if (!send_request(lane, type, buf_span(payload), -1, err))
            return end_call(lane, false, &answer, ret, err);
        lane->unanswered = lane->n_calls;
    }
    if (!has_come(lane, patience_ms))
        return fail(err, ERR_UNAVAILABLE, "the vault has not answered yet");
    return end_call(lane, receive(lane, type, lane->unanswered, in, &answer, err), &answer, ret,
        err);
}

void lane_drop_late(struct lane *lane)
{
    autodone(buf) struct buf in = BUF_INIT(VAULT_FRAME_MAX);
    struct frame_reader unused;
    struct frame answer;
    struct err err = { 0 };

    if (lane->fd >= 0 && lane->unanswered && has_come(lane, 0))
        (void)end_call(lane, receive(lane, lane->asked, lane->unanswered, &in, &answer, &err),
            &answer, &unused, &err);
}
