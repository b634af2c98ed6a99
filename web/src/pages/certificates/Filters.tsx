/* Search field, filters, and what is filtered by right now. */
import { Button, Form, Grid, GridItem, Label, LabelGroup, SearchInput, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import type { CertificateFilter, Validity } from '../../api/types';
import { flags, sources, statuses } from '../../api/types';
import { CustomFieldInput, useCustomFields } from '../../parts/customFields';
import { ChoiceField, TextField as TextInputField } from '../../parts/Fields';
import { Ticks } from '../../parts/Menu';
import { BusinessGroupField, TagField, UserField } from '../../parts/people';
import { flagWords, sourceWords, statusWords, ticketStatusWords } from '../../parts/words';
import { shownStatuses } from '../tickets/filter';
import { chipsOf, textFields, type TextField } from './filter';

type Change = (changes: Record<string, string>) => void;

/* What is typed is searched for when the typing pauses. */
function Search({ q, change }: { q: string; change: Change }) {
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (text === q) return undefined;
    const timer = setTimeout(() => change({ q: text.trim() }), 300);
    return () => clearTimeout(timer);
  }, [text, q, change]);
  return (
    <SearchInput
      className="cd-search"
      aria-label="Search certificates"
      placeholder="Name, serial, fingerprint"
      value={text}
      onChange={(_, value) => setText(value)}
      onSearch={() => change({ q: text.trim() })}
      onClear={() => {
        setText('');
        change({ q: '' });
      }}
    />
  );
}

function MoreFilters({ filter, change, close }: { filter: CertificateFilter; change: Change; close: () => void }) {
  const custom = useCustomFields();
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(
    [...textFields, 'flag', 'other'].map((f) => [f, (f === 'other' ? otherOf(filter) : filter[f as TextField | 'flag']) ?? '']),
  ));
  const [fields, setFields] = useState<Record<string, string>>(filter.fields ?? {});
  const set = (field: string) => (value: string) => setValues((all) => ({ ...all, [field]: value }));
  const text = (field: string) => values[field] ?? '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { other, ...rest } = values;
    const wanted = Object.fromEntries(custom.map((f) => [`field.${f.name}`, fields[f.name] ?? '']));
    change({ ...rest, ...wanted, unused: other === 'unused' ? 'true' : '', seen: other === 'never' ? 'never' : '' });
    close();
  };
  const flagOptions: [string, string][] = [['', 'With or without'], ['any', 'Any alert'],
    ...flags.map((f): [string, string] => [f, flagWords[f]])];

  return (
    <Form onSubmit={submit} className="cd-more-filters">
      <Grid hasGutter sm={6} lg={3}>
        <GridItem><UserField label="Owner" value={text('owner')} onChange={set('owner')} /></GridItem>
        <GridItem><UserField label="Assignee" value={text('assignee')} onChange={set('assignee')} help="- is nobody" /></GridItem>
        <GridItem><BusinessGroupField label="Business group" value={text('business_group')} onChange={set('business_group')} /></GridItem>
        <GridItem><TagField label="Tag" value={text('tag')} onChange={set('tag')} /></GridItem>
        <GridItem><TextInputField label="Resource" value={text('resource')} onChange={set('resource')} maxLength={200} /></GridItem>
        <GridItem><TextInputField label="Ends from" type="date" value={text('expires_after')} onChange={set('expires_after')} /></GridItem>
        <GridItem><TextInputField label="Ends before" type="date" value={text('expires_before')} onChange={set('expires_before')} /></GridItem>
        <GridItem><ChoiceField label="Alert" value={text('flag')} onChange={set('flag')} options={flagOptions} /></GridItem>
        <GridItem><TextInputField label="Profile" value={text('profile')} onChange={set('profile')} maxLength={400} /></GridItem>
        <GridItem><ChoiceField label="Stage" value={text('stage')} onChange={set('stage')} options={stageOptions} /></GridItem>
        <GridItem>
          <ChoiceField
            label="Use" value={text('other')} onChange={set('other')}
            options={[['', 'Used or not'], ['unused', 'Unused'], ['never', 'Never seen']]}
          />
        </GridItem>
        {custom.map((f) => (
          <GridItem key={f.name}>
            <CustomFieldInput field={{ ...f, required: false }} value={fields[f.name] ?? ''} onChange={(value) => setFields({ ...fields, [f.name]: value })} />
          </GridItem>
        ))}
      </Grid>
      <div className="cd-actions">
        <Button type="submit">Filter</Button>
        <Button variant="link" onClick={close}>Close</Button>
      </div>
    </Form>
  );
}

const stageOptions: [string, string][] = [['', 'Any, or none'], ...shownStatuses.map((s): [string, string] => [s, ticketStatusWords[s]])];

function otherOf(filter: CertificateFilter): string {
  return filter.unused ? 'unused' : filter.seen ? 'never' : '';
}

interface FiltersProps {
  filter: CertificateFilter;
  change: Change;
  clear: () => void;
  children: ReactNode;
}

export function Filters({ filter, change, clear, children }: FiltersProps) {
  const [isMore, setMore] = useState(false);
  const custom = useCustomFields();
  const chips = chipsOf(filter, Object.fromEntries(custom.map((f) => [f.name, f.label])));
  return (
    <>
      <Toolbar inset={{ default: 'insetNone' }}>
        <ToolbarContent>
          <ToolbarItem><Search q={filter.q ?? ''} change={change} /></ToolbarItem>
          <ToolbarItem>
            <Ticks
              label="Status" ariaLabel="Filter by status"
              options={statuses.map((s): [Validity, string] => [s, statusWords[s]])}
              chosen={(filter.status ?? []) as Validity[]} onChange={(s) => change({ status: s.join(',') })}
            />
          </ToolbarItem>
          <ToolbarItem>
            <Ticks
              label="Source" ariaLabel="Filter by source"
              options={sources.map((s): [typeof s, string] => [s, sourceWords[s]])}
              chosen={filter.source ?? []} onChange={(s) => change({ source: s.join(',') })}
            />
          </ToolbarItem>
          <ToolbarItem>
            <Button variant="secondary" aria-expanded={isMore} onClick={() => setMore(!isMore)}>More filters</Button>
          </ToolbarItem>
          {children}
        </ToolbarContent>
      </Toolbar>
      {isMore && <MoreFilters key={JSON.stringify(filter)} filter={filter} change={change} close={() => setMore(false)} />}
      {chips.length > 0 && (
        <div className="cd-chips">
          <LabelGroup numLabels={12} aria-label="Filters in force">
            {chips.map((chip) => <Label key={chip.key} onClose={() => change(chip.remove)} closeBtnAriaLabel={`Remove ${chip.words}`}>{chip.words}</Label>)}
          </LabelGroup>
          <Button variant="link" isInline onClick={clear}>Clear all</Button>
        </div>
      )}
    </>
  );
}
