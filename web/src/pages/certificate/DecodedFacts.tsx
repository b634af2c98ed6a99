/* What is written in a certificate. Everything is text from strangers, and stays text. */
import { Button } from '@patternfly/react-core';
import { useState } from 'react';
import type { Decoded } from '../../api/types';
import { Copyable } from '../../parts/Copyable';
import { daysLeft } from '../../parts/dates';
import { Facts } from '../../parts/Facts';
import { Time } from '../../parts/Time';
import { colons, count } from '../../parts/words';

function Names({ decoded, showAll }: { decoded: Decoded; showAll?: () => void }) {
  const [isLong, setLong] = useState(false);
  const shown = isLong ? decoded.sans : decoded.sans.slice(0, 12);
  const hidden = decoded.sans_total - shown.length;
  if (decoded.sans_total === 0) return <>None</>;
  return (
    <>
      <ul className="cd-names">
        {shown.map((san) => (
          <li key={`${san.type}:${san.value}`} className="cd-break">
            {san.value}{san.type !== 'dns' && <span className="cd-quiet"> ({san.type})</span>}
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <Button
          variant="link"
          isInline
          onClick={() => {
            if (decoded.sans.length < decoded.sans_total) showAll?.();
            setLong(true);
          }}
        >
          {count(hidden, 'more name')}
        </Button>
      )}
    </>
  );
}

function download(name: string, pem: string): void {
  const url = URL.createObjectURL(new Blob([pem], { type: 'application/x-pem-file' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name.replace(/[^\w.-]+/g, '_')}.pem`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

const lines = (texts: string[]) => texts.map((text) => <div key={text} className="cd-break">{text}</div>);

function keyWords(d: Decoded): string {
  return `${d.key.algorithm.toUpperCase()}${d.key.size ? `, ${d.key.size} bits` : ''}${d.curve ? `, ${d.curve}` : ''}`;
}

export function DecodedFacts({ decoded: d, showAllNames }: { decoded: Decoded; showAllNames?: () => void }) {
  const days = Math.floor((Date.parse(d.not_after) - Date.now()) / 86400000);
  return (
    <Facts
      facts={[
        ['Subject', <span className="cd-break">{d.subject || '(empty)'}</span>],
        ['Names', <Names decoded={d} showAll={showAllNames} />],
        ['Issuer', <span className="cd-break">{d.issuer}</span>],
        ['Valid from', <Time at={d.not_before} />],
        ['Valid until', <><Time at={d.not_after} /> <span className="cd-quiet">({daysLeft(days)})</span></>],
        ['Serial number', <Copyable text={d.serial} />],
        ['Key', keyWords(d)],
        ['Signature', d.signature_algorithm],
        ['Kind', [d.ca ? `CA certificate${d.path_length === null ? '' : `, path length ${d.path_length}`}` : 'End entity',
          d.self_signed && 'self-signed', d.staging && 'from a staging CA'].filter(Boolean).join(', ')],
        d.key_usage.length > 0 && ['Key usage', d.key_usage.join(', ')],
        d.extended_key_usage.length > 0 && ['Extended key usage', d.extended_key_usage.join(', ')],
        ['SHA-256 fingerprint', <Copyable text={d.fingerprint_sha256} shown={colons(d.fingerprint_sha256)} />],
        ['SHA-1 fingerprint', <Copyable text={d.fingerprint_sha1} shown={colons(d.fingerprint_sha1)} />],
        ['Public key SHA-256', <Copyable text={d.spki_sha256} shown={colons(d.spki_sha256)} />],
        d.subject_key_id !== '' && ['Subject key id', <code className="cd-break">{colons(d.subject_key_id)}</code>],
        d.authority_key_id !== '' && ['Authority key id', <code className="cd-break">{colons(d.authority_key_id)}</code>],
        d.ocsp_urls.length > 0 && ['OCSP', <>{lines(d.ocsp_urls)}</>],
        d.issuer_urls.length > 0 && ['Issuer certificate', <>{lines(d.issuer_urls)}</>],
        d.crl_urls.length > 0 && ['CRL', <>{lines(d.crl_urls)}</>],
        ['File', <Button variant="link" isInline onClick={() => download(d.name, d.pem)}>Download as PEM</Button>],
      ]}
    />
  );
}
