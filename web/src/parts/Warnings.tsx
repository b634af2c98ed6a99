/* What is not wrong enough to refuse a certificate, and should be known. */
import { Alert } from '@patternfly/react-core';
import type { Warning } from '../api/types';
import { warningWords } from './words';

export function Warnings({ warnings }: { warnings: Warning[] }) {
  return (
    <>
      {warnings.map((w) => (
        <Alert key={w.code + w.message} isInline variant="warning" title={warningWords[w.code] ?? w.message}>
          {warningWords[w.code] && w.message}
        </Alert>
      ))}
    </>
  );
}
