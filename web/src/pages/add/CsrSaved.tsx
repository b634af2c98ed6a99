/* The certificate that a CA made of a saved CSR. */
import { Radio } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Csr } from '../../api/types';
import { Link, useSearch } from '../../app/router';
import { Field, TextField } from '../../parts/Fields';
import { isPasted, nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { aboutField, Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { keyWords, shortName } from '../../parts/words';
import { Frame } from './Frame';
import type { GeneralBody } from './general';
import { appendPasted } from './ImportPem';
import { ImportedOutcome, useImport } from './importing';

function Choice({ csrs, chosen, choose }: { csrs: Csr[]; chosen: number; choose: (id: number) => void }) {
  return (
    <Field label="CSR" isRequired>
      {(id) => (
        <div role="radiogroup" aria-label="CSR" className="cd-choices">
          {csrs.map((csr) => (
            <Radio
              key={csr.id} id={`${id}-${csr.id}`} name={id} isChecked={csr.id === chosen} onChange={() => choose(csr.id)}
              label={csr.name}
              description={<>{shortName(csr.subject)}, {keyWords(csr.key)}, made <Time at={csr.created_at} show="date" /> by {csr.owner}</>}
            />
          ))}
        </div>
      )}
    </Field>
  );
}

export function CsrSaved({ leave }: { leave: () => void }) {
  const [search] = useSearch();
  const [id, setId] = useState(Number(search.get('csr')) || 0);
  const [q, setQ] = useState('');
  const [certificate, setCertificate] = useState<Pasted>(nothingPasted);
  const [chain, setChain] = useState<Pasted>(nothingPasted);
  const { send, progress, imported } = useImport();
  const query = useQuery({
    queryKey: ['csrs', 'unused', q], queryFn: ({ signal }) => api.get('/csrs', { query: { used: false, q, limit: 50 }, signal }),
  });
  const only = query.data?.items.length === 1 && q === '' ? query.data.items[0]?.id ?? 0 : 0;
  const chosen = id || only;

  const submit = async (general: GeneralBody) => {
    const form = new FormData();
    appendPasted(form, 'file', certificate);
    appendPasted(form, 'chain', chain);
    await send(form, general, chosen);
  };

  if (imported) return <ImportedOutcome imported={imported} again={leave} />;
  return (
    <Loaded query={query}>
      {(page) => (page.items.length === 0 && q === '' ? (
        <Nothing title="No CSR waits for its certificate" action={<Link to="/certificates/add?how=csr">Generate a CSR</Link>}>
          The ones you generate are kept here until their certificate comes.
        </Nothing>
      ) : (
        <Frame
          what="CSR and certificate" action="Import certificate" isReady={chosen > 0 && isPasted(certificate)} ownFields={['file', 'chain', 'certificate']}
          nameHelp="The CSR's where left empty" progress={progress} submit={submit} leave={leave}
        >
          {(error) => (
            <>
              {(page.total > 10 || q !== '') && <TextField label="Search CSRs" value={q} onChange={setQ} maxLength={200} />}
              <Choice csrs={page.items} chosen={chosen} choose={setId} />
              <PasteField
                label="Certificate" value={certificate} onChange={setCertificate} isRequired accept=".pem,.crt,.cer,.der,.p7b,.p7c"
                error={aboutField(error, 'file', 'certificate')} placeholder="-----BEGIN CERTIFICATE-----" help="As the CA returned it: PEM, DER or PKCS#7. It must be of the CSR's key."
              />
              <PasteField
                label="Chain" value={chain} onChange={setChain} rows={3} accept=".pem,.crt,.cer,.der,.p7b,.p7c" error={aboutField(error, 'chain')}
                placeholder="-----BEGIN CERTIFICATE-----" help="Where the CA gave it in a file of its own"
              />
            </>
          )}
        </Frame>
      ))}
    </Loaded>
  );
}
