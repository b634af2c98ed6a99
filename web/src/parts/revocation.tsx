/* Why a certificate is revoked: a reason of RFC 5280, and a comment. */
import { Content } from '@patternfly/react-core';
import { useState } from 'react';
import { AreaField, ChoiceField } from './Fields';
import { aboutField } from './States';
import { revocationReasons, type RevocationReason } from './words';

export function useRevocation() {
  const [reason, setReason] = useState<RevocationReason>('unspecified');
  const [comment, setComment] = useState('');
  return { reason, setReason, comment, setComment, body: { reason, comment: comment.trim() } };
}

/* What a person chooses from: the reasons for CA and attribute certificates, and the hold, are not for these. */
const offered: RevocationReason[] = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'];

export function RevocationFields({ revocation: r, error }: { revocation: ReturnType<typeof useRevocation>; error: unknown }) {
  return (
    <>
      <Content component="p">Whoever checks it trusts it no more, and it cannot be renewed. This cannot be taken back.</Content>
      <ChoiceField
        label="Reason" value={r.reason} onChange={r.setReason} error={aboutField(error, 'reason')}
        options={offered.map((name): [RevocationReason, string] => [name, `${revocationReasons[name]} (${name})`])}
      />
      <AreaField label="Comment" value={r.comment} onChange={r.setComment} rows={3} maxLength={32000} error={aboutField(error, 'comment')} help="May be left empty" />
    </>
  );
}
