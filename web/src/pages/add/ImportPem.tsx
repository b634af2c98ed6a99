/* A certificate, with its private key and chain where they are at hand. */
import { useState } from 'react';
import { TextField } from '../../parts/Fields';
import { blobOf, isPasted, nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { aboutField } from '../../parts/States';
import { Frame } from './Frame';
import type { GeneralBody } from './general';
import { ImportedOutcome, useImport } from './importing';

const accept = '.pem,.crt,.cer,.der,.p7b,.p7c,.key,.txt';

/* Adds what was given under a name, with a file name that says what it is. */
export function appendPasted(form: FormData, name: string, value: Pasted): void {
  if (isPasted(value)) form.append(name, blobOf(value), value.file?.name ?? `${name}.pem`);
}

export function ImportPem({ leave }: { leave: () => void }) {
  const [certificate, setCertificate] = useState<Pasted>(nothingPasted);
  const [key, setKey] = useState<Pasted>(nothingPasted);
  const [chain, setChain] = useState<Pasted>(nothingPasted);
  const [password, setPassword] = useState('');
  const { send, progress, imported } = useImport();

  const submit = async (general: GeneralBody) => {
    const form = new FormData();
    appendPasted(form, 'file', certificate);
    appendPasted(form, 'key', key);
    appendPasted(form, 'chain', chain);
    if (password) form.append('key_password', password);
    await send(form, general);
  };

  if (imported) return <ImportedOutcome imported={imported} again={leave} />;
  return (
    <Frame
      what="Certificate and key" action="Import certificate" isReady={isPasted(certificate)} ownFields={['file', 'key', 'chain', 'key_password', 'password']}
      nameHelp="The certificate's first name where left empty" progress={progress} submit={submit} leave={leave}
    >
      {(error) => (
        <>
          <PasteField
            label="Certificate" value={certificate} onChange={setCertificate} isRequired accept={accept} error={aboutField(error, 'file')}
            placeholder="-----BEGIN CERTIFICATE-----" help="PEM as text; PEM, DER or PKCS#7 as a file. The chain may follow in the same."
          />
          <PasteField
            label="Private key" value={key} onChange={setKey} accept={accept} error={aboutField(error, 'key')}
            placeholder="-----BEGIN PRIVATE KEY-----" help="Left empty, the certificate is watched without it. Nobody can read the key afterwards."
          />
          <TextField
            label="Password of the key" type="password" value={password} onChange={setPassword} autoComplete="off" maxLength={1024}
            error={aboutField(error, 'key_password', 'password')} help="Where the key is encrypted"
          />
          <PasteField
            label="Chain" value={chain} onChange={setChain} rows={3} accept={accept} error={aboutField(error, 'chain')}
            placeholder="-----BEGIN CERTIFICATE-----" help="Certificates of the CA, in any order. What is missing is completed from what certdesk knows."
          />
        </>
      )}
    </Frame>
  );
}
