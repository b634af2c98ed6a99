/* A page of things that somebody keeps by hand: all of them in a table, and a dialog each to add, to edit and to remove one. */
import { Button, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useState, type ComponentType, type ReactNode } from 'react';
import { EditRemove } from './Menu';
import { Page } from './Page';
import { Loaded, Nothing } from './States';

export interface EditorProps<T> {
  item?: T; /* to edit; none: a new one */
  close: () => void;
  done: () => void; /* what is shown is no longer true */
}

export type RemoverProps<T> = EditorProps<T> & { item: T };

interface CollectionProps<T> {
  title: string;
  lead: string;
  add: string; /* "Add group" */
  mayChange: boolean;
  query: UseQueryResult<T[]>;
  stale: string[]; /* the queries that a change makes untrue */
  empty: { title: string; text: string };
  columns: { name: string; cell: (item: T) => ReactNode }[];
  keyOf: (item: T) => string;
  nameOf: (item: T) => string; /* as people call it */
  Editor: ComponentType<EditorProps<T>>;
  Remover: ComponentType<RemoverProps<T>>;
}

type Asking<T> = { kind: 'new' } | { kind: 'edit' | 'remove'; item: T } | null;

export function Collection<T>(props: CollectionProps<T>) {
  const { title, lead, add, mayChange, query, stale, empty, columns, keyOf, nameOf, Editor, Remover } = props;
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking<T>>(null);
  const close = () => setAsking(null);
  const done = () => {
    for (const key of stale) void client.invalidateQueries({ queryKey: [key] });
  };
  const rows = (items: T[]) => (
    <Table variant="compact" aria-label={title} className="cd-table">
      <Thead><Tr>{columns.map((c) => <Th key={c.name}>{c.name}</Th>)}<Th screenReaderText="Actions" /></Tr></Thead>
      <Tbody>
        {items.map((item) => (
          <Tr key={keyOf(item)}>
            {columns.map((c) => <Td key={c.name} dataLabel={c.name}>{c.cell(item)}</Td>)}
            <Td isActionCell>
              {mayChange && <EditRemove name={nameOf(item)} edit={() => setAsking({ kind: 'edit', item })} remove={() => setAsking({ kind: 'remove', item })} />}
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
  return (
    <Page title={title} lead={lead} actions={mayChange && <Button onClick={() => setAsking({ kind: 'new' })}>{add}</Button>}>
      <PageSection>
        <Loaded query={query}>
          {(items) => (items.length === 0 ? <Nothing title={empty.title}>{empty.text}</Nothing> : rows(items))}
        </Loaded>
      </PageSection>
      {asking?.kind === 'new' && <Editor close={close} done={done} />}
      {asking?.kind === 'edit' && <Editor item={asking.item} close={close} done={done} />}
      {asking?.kind === 'remove' && <Remover item={asking.item} close={close} done={done} />}
    </Page>
  );
}
