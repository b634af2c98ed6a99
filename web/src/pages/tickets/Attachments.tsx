/* Files on a ticket. */
import { Button, Card, CardBody, CardTitle } from '@patternfly/react-core';
import { DownloadIcon, UploadIcon } from '@patternfly/react-icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { api } from '../../api/client';
import type { Attachment, TicketInFull as Ticket } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { sizeWords } from '../../parts/Files';
import { Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';

const maxBytes = 1024 * 1024;

function Row({ ticket, file: f, remove }: { ticket: string; file: Attachment; remove?: () => void }) {
  return (
    <li>
      <span className="cd-row-main">
        <a href={`/api/v1/tickets/${encodeURIComponent(ticket)}/attachments/${f.id}`} download={f.name}><DownloadIcon aria-hidden /> {f.name}</a>
        {' '}<span className="cd-quiet">{sizeWords(f.size)}, {f.author ?? 'certdesk'} <Time at={f.created_at} /></span>
      </span>
      {remove && <Button className="cd-row-side" variant="link" isInline isDanger onClick={remove} aria-label={`Delete ${f.name}`}>Delete</Button>}
    </li>
  );
}

function useUpload(ticket: string) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [isBusy, setBusy] = useState(false);
  const upload = async (file: File) => {
    if (file.size > maxBytes) return toasts.failed(`Could not attach ${file.name}`, new Error(`it is larger than ${sizeWords(maxBytes)}`));
    setBusy(true);
    const form = new FormData();
    form.append('file', file);
    try {
      await api.upload('/tickets/{key}/attachments', form, { path: { key: ticket } });
      void client.invalidateQueries({ queryKey: ['ticket', ticket] });
    } catch (error) {
      toasts.failed(`Could not attach ${file.name}`, error);
    }
    setBusy(false);
    return undefined;
  };
  return { isBusy, upload };
}

export function Attachments({ ticket }: { ticket: Ticket }) {
  const me = useMe();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const [asking, setAsking] = useState<Attachment | null>(null);
  const { isBusy, upload } = useUpload(ticket.key);
  const path = { key: ticket.key };
  const query = useQuery({
    queryKey: ['ticket', ticket.key, 'attachments', ticket.status, ticket.certificate_id],
    queryFn: ({ signal }) => api.get('/tickets/{key}/attachments', { path, signal }),
  });
  const remove = async () => {
    await api.delete('/tickets/{key}/attachments/{other}', { path: { ...path, other: asking?.id ?? 0 } });
    void client.invalidateQueries({ queryKey: ['ticket', ticket.key] });
  };
  return (
    <Card>
      <CardTitle component="h2">Attachments</CardTitle>
      <CardBody>
        <Loaded query={query} lines={1}>
          {({ items }) => (items.length === 0 ? <p className="cd-quiet">No files yet.{ticket.status === 'certificate_request' && ' The certificate is attached when it is enrolled.'}</p> : (
            <ul className="cd-rows" aria-label="Attachments">{items.map((f) => <Row key={f.id} ticket={ticket.key} file={f} remove={me.role === 'admin' || f.author === me.name ? () => setAsking(f) : undefined} />)}</ul>
          ))}
        </Loaded>
        {ticket.may.includes('comment') && (
          <div className="cd-above">
            <input
              ref={input} id={id} type="file" className="cd-file-input" aria-label="File to attach" tabIndex={-1}
              onChange={(event) => {
                const file = event.target.files?.[0];
                if (file) void upload(file);
                event.target.value = '';
              }}
            />
            <Button variant="link" isInline icon={<UploadIcon />} isLoading={isBusy} isDisabled={isBusy} onClick={() => input.current?.click()}>Attach a file</Button>
          </div>
        )}
      </CardBody>
      {asking && (
        <Dialog title={`Delete ${asking.name}?`} action="Delete" isDangerous run={remove} close={() => setAsking(null)}>
          <p>The history says that it was there.</p>
        </Dialog>
      )}
    </Card>
  );
}
