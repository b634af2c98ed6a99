/* Going through pages that are cut by cursor: forward by next_cursor, back by the ones we came from. */
import { Button, FormSelect, FormSelectOption } from '@patternfly/react-core';
import { AngleLeftIcon, AngleRightIcon } from '@patternfly/react-icons';
import { useState } from 'react';

export interface Paging {
  cursor: string;
  limit: number;
  index: number;
  next: (cursor: string) => void;
  back: () => void;
  setLimit: (limit: number) => void;
}

const key = 'certdesk.page-size';
const sizes = [20, 50, 100, 200];

function storedLimit(): number {
  const n = Number(window.localStorage.getItem(key));
  return sizes.includes(n) ? n : 50;
}

/* `filter` is whatever the list is filtered by: when it changes, the first page is shown again. */
export function usePaging(filter: string): Paging {
  const [limit, setLimit] = useState(storedLimit);
  const [state, setState] = useState({ filter, cursors: [''] });
  const cursors = state.filter === filter ? state.cursors : [''];
  return {
    cursor: cursors[cursors.length - 1] ?? '',
    limit,
    index: cursors.length - 1,
    next: (cursor) => setState({ filter, cursors: [...cursors, cursor] }),
    back: () => setState({ filter, cursors: cursors.length > 1 ? cursors.slice(0, -1) : cursors }),
    setLimit: (n) => {
      window.localStorage.setItem(key, String(n));
      setLimit(n);
      setState({ filter, cursors: [''] });
    },
  };
}

interface PagerProps {
  paging: Paging;
  page: { items: unknown[]; next_cursor: string | null; total?: number | null; total_is_estimate?: boolean } | undefined;
  what: string;
}

function rangeText(paging: Paging, page: PagerProps['page']): string {
  if (!page || page.items.length === 0) return '';
  const first = paging.index * paging.limit + 1;
  const range = `${first.toLocaleString('en')}–${(first + page.items.length - 1).toLocaleString('en')}`;
  if (page.total === null || page.total === undefined) return range;
  return `${range} of ${page.total_is_estimate ? 'about ' : ''}${page.total.toLocaleString('en')}`;
}

export function Pager({ paging, page, what }: PagerProps) {
  return (
    <div className="cd-pager">
      <span aria-live="polite">{rangeText(paging, page)}</span>
      <FormSelect
        aria-label={`${what} on a page`}
        value={paging.limit}
        onChange={(_, v) => paging.setLimit(Number(v))}
        className="cd-page-size"
      >
        {sizes.map((n) => <FormSelectOption key={n} value={n} label={`${n} a page`} />)}
      </FormSelect>
      <Button
        variant="plain" aria-label="Previous page" icon={<AngleLeftIcon />}
        isDisabled={paging.index === 0} onClick={paging.back}
      />
      <Button
        variant="plain" aria-label="Next page" icon={<AngleRightIcon />}
        isDisabled={!page?.next_cursor} onClick={() => page?.next_cursor && paging.next(page.next_cursor)}
      />
    </div>
  );
}
