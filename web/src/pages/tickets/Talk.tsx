/* Comments on a ticket, and what changed on it. */
import { Button, Form, Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { api } from '../../api/client';
import type { Comment, TicketInFull as Ticket } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { AreaField } from '../../parts/Fields';
import { Kebab } from '../../parts/Menu';
import { errorText, Failed, Waiting } from '../../parts/States';
import { Time } from '../../parts/Time';
import { plain } from '../../parts/words';

interface PageOf<T> {
  items: T[];
  next_cursor: string | null;
}

interface EntriesProps<T> {
  name: string;
  ticket: string;
  load: (cursor: string, signal: AbortSignal) => Promise<PageOf<T>>;
  none: string;
  entry: (item: T) => ReactNode;
}

/* Oldest first, page after page. */
function Entries<T extends { id: number }>({ name, ticket, load, none, entry }: EntriesProps<T>) {
  const query = useInfiniteQuery({
    queryKey: ['ticket', ticket, name],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: 30000,
  });
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Waiting lines={3} />;
  const items = query.data.pages.flatMap((p) => p.items);
  if (items.length === 0) return <p className="cd-quiet">{none}</p>;
  return (
    <>
      <ol className="cd-talk">{items.map((item) => <li key={item.id}>{entry(item)}</li>)}</ol>
      {query.hasNextPage && <Button variant="link" onClick={() => void query.fetchNextPage()}>Show more</Button>}
    </>
  );
}

function Who({ name, at, isEdited }: { name: string | null; at: string; isEdited?: boolean }) {
  return <p className="cd-quiet"><strong>{name ?? 'certdesk'}</strong> <Time at={at} />{isEdited && ', edited'}</p>;
}

const maxLength = 32000;

function EditComment({ ticket, comment, close }: { ticket: string; comment: Comment; close: () => void }) {
  const client = useQueryClient();
  const [body, setBody] = useState(comment.body);
  const run = async () => {
    await api.patch('/tickets/{key}/comments/{other}', { body: body.trim() }, { path: { key: ticket, other: comment.id } });
    void client.invalidateQueries({ queryKey: ['ticket', ticket] });
  };
  return (
    <Dialog title="Edit comment" action="Save" run={run} close={close} size="medium" isDisabled={body.trim() === ''}>
      <AreaField label="Comment" value={body} onChange={setBody} rows={6} maxLength={maxLength} />
    </Dialog>
  );
}

function DeleteComment({ ticket, comment, close }: { ticket: string; comment: Comment; close: () => void }) {
  const client = useQueryClient();
  const run = async () => {
    await api.delete('/tickets/{key}/comments/{other}', { path: { key: ticket, other: comment.id } });
    void client.invalidateQueries({ queryKey: ['ticket', ticket] });
  };
  return (
    <Dialog title="Delete this comment?" action="Delete" isDangerous run={run} close={close}>
      <p className="cd-said cd-few-lines">{comment.body}</p>
    </Dialog>
  );
}

/* One's own comments can be changed and deleted, an admin may delete any. What certdesk said stays. */
function Said({ ticket, comment: c }: { ticket: string; comment: Comment }) {
  const me = useMe();
  const [asking, setAsking] = useState<'edit' | 'delete' | null>(null);
  const isMine = c.author === me.name;
  const mayDelete = c.author !== null && (isMine || me.role === 'admin');
  const close = () => setAsking(null);
  return (
    <>
      <div className="cd-said-head">
        <Who name={c.author} at={c.created_at} isEdited={c.updated_at !== c.created_at} />
        {mayDelete && (
          <Kebab
            label={`Actions for the comment of ${c.author}`}
            actions={[...(isMine ? [{ title: 'Edit', run: () => setAsking('edit') }] : []), { title: 'Delete', run: () => setAsking('delete'), isDangerous: true }]}
          />
        )}
      </div>
      <p className="cd-said">{c.body}</p>
      {asking === 'edit' && <EditComment ticket={ticket} comment={c} close={close} />}
      {asking === 'delete' && <DeleteComment ticket={ticket} comment={c} close={close} />}
    </>
  );
}

function CommentForm({ ticket }: { ticket: string }) {
  const client = useQueryClient();
  const [body, setBody] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api.post('/tickets/{key}/comments', { body: body.trim() }, { path: { key: ticket } });
      setBody('');
      void client.invalidateQueries({ queryKey: ['ticket', ticket] });
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  const message = error === null ? undefined : errorText(error);
  return (
    <Form onSubmit={(e) => void submit(e)}>
      <AreaField label="Comment" value={body} onChange={setBody} rows={3} maxLength={maxLength} error={message} />
      <div className="cd-actions">
        <Button type="submit" variant="secondary" isLoading={isBusy} isDisabled={isBusy || body.trim() === ''}>Add comment</Button>
      </div>
    </Form>
  );
}

export function Talk({ ticket }: { ticket: Ticket }) {
  const [tab, setTab] = useState<string | number>('comments');
  const path = { key: ticket.key };
  return (
    <>
      <Tabs activeKey={tab} onSelect={(_, key) => setTab(key)} aria-label="Comments and history">
        <Tab eventKey="comments" tabContentId="talk" title={<TabTitleText>Comments</TabTitleText>} />
        <Tab eventKey="history" tabContentId="talk" title={<TabTitleText>History</TabTitleText>} />
      </Tabs>
      <div className="cd-tab" id="talk" role="tabpanel" aria-label={tab === 'comments' ? 'Comments' : 'History'}>
        {tab === 'comments' ? (
          <>
            <Entries
              name="comments"
              ticket={ticket.key}
              load={(cursor, signal) => api.get('/tickets/{key}/comments', { path, query: { cursor, limit: 100 }, signal })}
              none="Nobody has said anything yet."
              entry={(c) => <Said ticket={ticket.key} comment={c} />}
            />
            {ticket.may.includes('comment') && <CommentForm ticket={ticket.key} />}
          </>
        ) : (
          <Entries
            name="history"
            ticket={ticket.key}
            load={(cursor, signal) => api.get('/tickets/{key}/history', { path, query: { cursor, limit: 100 }, signal })}
            none="Nothing has changed since it was opened."
            entry={(h) => (
              <>
                <Who name={h.actor} at={h.at} />
                <p className="cd-said">{plain(h.field)}: <s>{h.from || 'none'}</s> → {h.to || 'none'}</p>
              </>
            )}
          />
        )}
      </div>
    </>
  );
}
