/* A PFX file and its password. */
import { useState } from 'react';
import { TextField } from '../../parts/Fields';
import { FileField } from '../../parts/Files';
import { aboutField } from '../../parts/States';
import { Frame } from './Frame';
import { ImportedOutcome, useImport } from './importing';
import type { GeneralBody } from './general';

export function ImportPfx({ leave }: { leave: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [password, setPassword] = useState('');
  const { send, progress, imported } = useImport();

  const submit = async (general: GeneralBody) => {
    if (!file) return;
    const form = new FormData();
    form.append('file', file);
    form.append('password', password);
    await send(form, general);
  };

  if (imported) return <ImportedOutcome imported={imported} again={leave} />;
  return (
    <Frame
      what="File and password" action="Import certificate" isReady={file !== null} ownFields={['file', 'password', 'key', 'chain']}
      nameHelp="The certificate's first name where left empty" progress={progress} submit={submit} leave={leave}
    >
      {(error) => (
        <>
          <FileField
            label="PFX file" file={file} onChange={setFile} accept=".pfx,.p12,application/x-pkcs12" isRequired
            help="As Windows, Java, a browser or OpenSSL writes it" error={aboutField(error, 'file', 'key', 'chain')}
          />
          <TextField
            label="Password" type="password" value={password} onChange={setPassword} autoComplete="off" maxLength={1024}
            error={aboutField(error, 'password')} help="Of the file. Left empty where it has none; it is not kept."
          />
        </>
      )}
    </Frame>
  );
}
