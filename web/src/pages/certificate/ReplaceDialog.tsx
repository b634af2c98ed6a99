/* The certificate was renewed somewhere else: the new one takes the place of the current, and all that belongs to it stays. */
import { Alert, Checkbox, Content } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, api } from '../../api/client';
import type { Certificate } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { TextField } from '../../parts/Fields';
import { isPasted, nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { aboutField } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { appendPasted } from '../add/ImportPem';

const accept = '.pem,.crt,.cer,.der,.p7b,.p7c,.pfx,.p12,.key,.txt';

/* Why it is no successor; null where the refusal is about something else. */
function reasonsOf(error: unknown): string[] | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
  return error.problem.errors.length > 0 ? error.problem.errors.map((e) => e.message) : [error.message];
}

export function ReplaceDialog({ certificate, close }: { certificate: Certificate; close: () => void }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [file, setFile] = useState<Pasted>(nothingPasted);
  const [key, setKey] = useState<Pasted>(nothingPasted);
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isSure, setSure] = useState(false);
  const reasons = reasonsOf(error);

  const run = async () => {
    const form = new FormData();
    appendPasted(form, 'file', file);
    appendPasted(form, 'key', key);
    if (password) {
      form.append('password', password);
      form.append('key_password', password);
    }
    if (isSure && reasons) form.append('confirm', 'true');
    try {
      const answer = await api.upload('/certificates/{id}/replace', form, { path: { id: certificate.id } });
      for (const k of ['certificate', 'certificates', 'dashboard']) void client.invalidateQueries({ queryKey: [k] });
      toasts.done(`“${certificate.name}” has a new current version`, answer.warnings.map((w) => w.message).join(' ') || undefined);
    } catch (e) {
      setError(e);
      throw e;
    }
  };

  return (
    <Dialog
      title="Update after renewal" action={reasons ? 'Replace anyway' : 'Update'} run={run} close={close} size="medium"
      isDisabled={!isPasted(file) || (reasons !== null && !isSure)} isDangerous={reasons !== null} hidesError={(e) => reasonsOf(e) !== null}
    >
      <Content component="p">
        The new certificate becomes the current version of “{certificate.name}”. Owner, sharing, endpoints and resources stay
        as they are, and the version before it stays in the history.
      </Content>
      <PasteField
        label="New certificate" value={file} onChange={setFile} isRequired accept={accept} error={aboutField(error, 'file')}
        placeholder="-----BEGIN CERTIFICATE-----" help="PEM as text; PEM, DER, PKCS#7 or PFX as a file"
      />
      <PasteField
        label="Private key" value={key} onChange={setKey} rows={3} accept={accept} error={aboutField(error, 'key')}
        placeholder="-----BEGIN PRIVATE KEY-----" help="Where it has a new one, and it is not in the file"
      />
      <TextField
        label="Password" type="password" value={password} onChange={setPassword} autoComplete="off" maxLength={1024}
        error={aboutField(error, 'password', 'key_password')} help="Of the PFX file or the key, where there is one"
      />
      {reasons && (
        <Alert isInline variant="warning" title="This is no successor of the current version">
          <ul className="cd-names">{reasons.map((r) => <li key={r}>{r}</li>)}</ul>
          <Checkbox id="cd-replace-anyway" className="cd-above" label="I am sure: replace it anyway" isChecked={isSure} onChange={(_, v) => setSure(v)} />
        </Alert>
      )}
    </Dialog>
  );
}
