/* Having a certificate revoked that was enrolled elsewhere: by its number at the CA and its domain, which must both fit. */
import { Alert, Button, Form } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../../api/client';
import type { RevocationReason } from '../../api/types';
import { navigate } from '../../app/router';
import { AreaField, ChoiceField, TextField } from '../../parts/Fields';
import { ReasonField } from '../../parts/revocation';
import { aboutField, errorText } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { useProfiles } from './Filters';

export function RevokeForm({ leave }: { leave: () => void }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const profiles = useProfiles().data?.items ?? [];
  const [profile, setProfile] = useState('');
  const [number, setNumber] = useState('');
  const [domain, setDomain] = useState('');
  const [reason, setReason] = useState<RevocationReason>('unspecified');
  const [summary, setSummary] = useState('');
  const [description, setDescription] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const isReady = profile !== '' && number.trim() !== '' && domain.trim() !== '';

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || !isReady) return;
    setBusy(true);
    setError(null);
    try {
      const ticket = await api.post('/tickets', {
        type: 'revoke_certificate', profile, certificate_id: number.trim(), domain: domain.trim(), reason, summary: summary.trim() || undefined, description: description.trim() || undefined,
      });
      for (const key of ['tickets', 'certificates', 'certificate', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
      toasts.done(ticket.message ?? `${ticket.key}- ${ticket.summary} has been created`);
      navigate(`/tickets/${ticket.key}`);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const atField = aboutField(error, 'profile', 'certificate_id', 'domain', 'summary', 'description') !== undefined;
  return (
    <Form onSubmit={(e) => void submit(e)}>
      <ChoiceField
        label="Certificate profile" value={profile} onChange={setProfile} isRequired error={aboutField(error, 'profile')} help="It says which CA is asked"
        options={[['', 'Choose a profile'], ...profiles.map((p): [string, string] => [p.name, p.name])]}
      />
      <TextField label="Certificate ID" value={number} onChange={setNumber} isRequired maxLength={200} error={aboutField(error, 'certificate_id')} help="As the CA or certdesk numbers it, such as C-1042" />
      <TextField label="Certificate domain" value={domain} onChange={setDomain} isRequired maxLength={255} error={aboutField(error, 'domain')} help="It must be a name in that certificate" />
      <ReasonField value={reason} onChange={setReason} error={error} />
      <TextField label="Summary" value={summary} onChange={setSummary} maxLength={250} error={aboutField(error, 'summary')} />
      <AreaField label="Description" value={description} onChange={setDescription} rows={3} maxLength={32000} error={aboutField(error, 'description')} />
      <Alert isInline isPlain variant="warning" title="The certificate is revoked as soon as the ticket is created. This cannot be taken back." />
      {error !== null && !atField && <Alert isInline variant="danger" title={errorText(error)} />}
      <div className="cd-actions">
        <Button type="submit" variant="danger" isLoading={isBusy} isDisabled={isBusy || !isReady}>Create ticket and revoke</Button>
        <Button variant="link" onClick={leave}>Cancel</Button>
      </div>
    </Form>
  );
}
