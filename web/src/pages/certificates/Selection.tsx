/* What can be done with the selected certificates. Its room is there all the time, so that the table does not jump. */
import { Button } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import type { Ask } from './bulk';

interface SelectionProps {
  n: number;
  isAll: boolean;
  page: { total: number; total_is_estimate: boolean } | undefined;
  act: (what: Ask | 'update' | 'export') => void;
  selectAll: () => void;
  clear: () => void;
  children: ReactNode;
}

const actions: [Ask | 'update', string][] = [
  ['update', 'Update'], ['assign', 'Assign'], ['share', 'Share'], ['tag', 'Tag'], ['business_group', 'Business group'],
];

/* What GET /certificates.csv takes as ids; all that match are not counted one by one. */
const EXPORT_MAX = 500;

export function Selection({ n, isAll, page, act, selectAll, clear, children }: SelectionProps) {
  const total = page ? `${page.total_is_estimate ? 'about ' : ''}${page.total.toLocaleString('en')}` : '';
  const none = n === 0 && !isAll;
  const exportWords = !none && !isAll ? `Export ${n.toLocaleString('en')} as CSV` : total ? `Export all ${total} as CSV` : 'Export as CSV';
  return (
    <>
      <div className="cd-bulk" role="group" aria-label="With the selected certificates">
        {!none && actions.map(([what, title]) => <Button key={what} size="sm" variant="secondary" onClick={() => act(what)}>{title}</Button>)}
        <Button size="sm" variant="secondary" isDisabled={!page || (!isAll && n > EXPORT_MAX)} onClick={() => act('export')}>{exportWords}</Button>
        {!none && <Button size="sm" variant="secondary" isDanger onClick={() => act('delete')}>Delete</Button>}
        {none && <span className="cd-quiet">Select rows to update, assign, share, tag or delete them.</span>}
      </div>
      <div className="cd-selection" aria-live="polite">
        <span>{isAll ? `All ${total} that match are selected.` : n > 0 ? `${n.toLocaleString('en')} selected.` : ''}</span>
        {page && page.total > 0 && !isAll && <Button variant="link" isInline onClick={selectAll}>Select all {total} that match</Button>}
        {!none && <Button variant="link" isInline onClick={clear}>Clear selection</Button>}
        {children}
      </div>
    </>
  );
}
