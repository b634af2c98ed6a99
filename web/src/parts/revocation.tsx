/* Why a certificate is revoked: a reason of RFC 5280, and a comment. */
import { Content } from '@patternfly/react-core';
import { useState } from 'react';
import type { RevocationReason } from '../api/types';
import { AreaField, ChoiceField } from './Fields';
import { aboutField } from './States';
import { revocationReasons } from './words';

export function useRevocation() {
  const [reason, setReason] = useState<RevocationReason>('unspecified');
  const [comment, setComment] = useState('');
  return { reason, setReason, comment, setComment, body: { reason, comment: comment.trim() } };
}

interface ReasonFieldProps {
  value: RevocationReason;
  onChange: (reason: RevocationReason) => void;
  error: unknown;
}

export function ReasonField({ value, onChange, error }: ReasonFieldProps) {
  const options = Object.entries(revocationReasons).map(([name, words]): [RevocationReason, string] => [name as RevocationReason, `${words} (${name})`]);
  return <ChoiceField label="Reason" value={value} onChange={onChange} error={aboutField(error, 'reason')} options={options} />;
}

export function RevocationFields({ revocation: r, error }: { revocation: ReturnType<typeof useRevocation>; error: unknown }) {
  return (
    <>
      <Content component="p">Whoever checks it trusts it no more, and it cannot be renewed. This cannot be taken back.</Content>
      <ReasonField value={r.reason} onChange={r.setReason} error={error} />
      <AreaField label="Comment" value={r.comment} onChange={r.setComment} rows={3} maxLength={32000} error={aboutField(error, 'comment')} help="May be left empty" />
    </>
  );
}
