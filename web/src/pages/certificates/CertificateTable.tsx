/* The table itself. While it waits, grey rows of the same height stand in for the real ones. */
import { Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { Certificate } from '../../api/types';
import { Kebab, type Action } from '../../parts/Menu';
import type { Column } from './columns';

interface CertificateTableProps {
  items: Certificate[] | undefined;
  columns: Column[];
  sort: string;
  setSort: (sort: string) => void;
  selected: ReadonlySet<number>;
  setSelected: (selected: Set<number>) => void;
  isAllSelected: boolean;
  actions: (c: Certificate) => Action[];
}

/* Names sort from A, dates from the earliest; a second click turns it round. */
function sortOf(columns: Column[], sort: string, setSort: (sort: string) => void, i: number) {
  const field = columns[i]?.sort;
  if (!field) return undefined;
  const sortedField = sort.replace(/^-/, '');
  return {
    sortBy: {
      index: columns.findIndex((c) => c.sort === sortedField),
      direction: sort.startsWith('-') ? 'desc' as const : 'asc' as const,
    },
    onSort: () => setSort(sort === field ? `-${field}` : field),
    columnIndex: i,
  };
}

/* Headings that are longer than what stands below them. */
const wrapped: ReadonlySet<string> = new Set(['resources', 'expires_at']);

function WaitingRows({ columns }: { columns: Column[] }) {
  return Array.from({ length: 8 }, (_, row) => (
    <Tr key={row}>
      <Td />
      {columns.map((c) => <Td key={c.id} dataLabel={c.title}><Skeleton height="2.5rem" screenreaderText={row === 0 ? 'Loading' : undefined} /></Td>)}
      <Td />
    </Tr>
  ));
}

export function CertificateTable(props: CertificateTableProps) {
  const { items, columns, selected, isAllSelected } = props;
  const onPage = items ?? [];
  const isPageSelected = onPage.length > 0 && onPage.every((c) => selected.has(c.id));

  const selectPage = (isSelected: boolean) => {
    const next = new Set(selected);
    for (const c of onPage) {
      if (isSelected) next.add(c.id);
      else next.delete(c.id);
    }
    props.setSelected(next);
  };
  const selectOne = (id: number, isSelected: boolean) => {
    const next = new Set(selected);
    if (isSelected) next.add(id);
    else next.delete(id);
    props.setSelected(next);
  };

  return (
    <Table variant="compact" aria-label="Certificates" className="cd-table">
      <Thead>
        <Tr>
          <Th
            aria-label="Select all on this page"
            select={{ isSelected: isPageSelected || isAllSelected, onSelect: (_, isSelected) => selectPage(isSelected) }}
          />
          {columns.map((c, i) => <Th key={c.id} sort={sortOf(columns, props.sort, props.setSort, i)} modifier={wrapped.has(c.id) ? 'wrap' : 'nowrap'} className={`cd-col-${c.id}`}>{c.title}</Th>)}
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {!items && <WaitingRows columns={columns} />}
        {onPage.map((c, row) => (
          <Tr key={c.id}>
            <Td
              select={{
                rowIndex: row,
                isSelected: isAllSelected || selected.has(c.id),
                isDisabled: isAllSelected,
                onSelect: (_, isSelected) => selectOne(c.id, isSelected),
              }}
            />
            {columns.map((column) => <Td key={column.id} dataLabel={column.title}>{column.cell(c)}</Td>)}
            <Td isActionCell>
              <Kebab label={`Actions for ${c.name}`} actions={props.actions(c)} />
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
