/* What the list of tickets and the board can be narrowed to. */
import { FormSelect, FormSelectOption, FormSelectOptionGroup, SearchInput, ToolbarItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../api/client';
import type { TicketType } from '../../api/types';
import { useSearch } from '../../app/router';
import { useMe } from '../../app/session';
import { usePeople } from '../../parts/people';
import { ticketStatusWords, ticketTypeWords } from '../../parts/words';
import { show, shownOf, shownStatuses } from './filter';

export function useProjects() {
  return useQuery({ queryKey: ['projects'], queryFn: ({ signal }) => api.get('/projects', { signal }), staleTime: 60000 }).data?.items ?? [];
}

export function useProfiles() {
  return useQuery({ queryKey: ['profiles'], queryFn: ({ signal }) => api.get('/profiles', { signal }), staleTime: 30000 });
}

/* What is typed, written to the address when the typing pauses. */
function TypedText({ name, label, placeholder, className }: { name: 'q' | 'label'; label: string; placeholder: string; className?: string }) {
  const [search, change] = useSearch();
  const q = search.get(name) ?? '';
  const [text, setText] = useState(q);
  const [last, setLast] = useState(q);
  if (q !== last) {
    setLast(q);
    if (q !== text.trim()) setText(q);
  }
  useEffect(() => {
    if (text.trim() === q) return undefined;
    const timer = setTimeout(() => change({ [name]: text.trim() }), 300);
    return () => clearTimeout(timer);
  }, [text, q, name, change]);
  return (
    <SearchInput
      className={className} aria-label={label} placeholder={placeholder} value={text}
      onChange={(_, v) => setText(v)} onSearch={() => change({ [name]: text.trim() })}
      onClear={() => {
        setText('');
        change({ [name]: '' });
      }}
    />
  );
}

interface OneOfProps {
  name: string;
  label: string;
  all: string;
  options: [value: string, words: string][];
}

/* A choice kept in the address; what stands there is offered even if nobody told of it. */
function OneOf({ name, label, all, options }: OneOfProps) {
  const [search, change] = useSearch();
  const value = search.get(name) ?? '';
  const isKnown = value === '' || options.some(([v]) => v === value);
  return (
    <FormSelect aria-label={label} value={value} onChange={(_, v) => change({ [name]: v })}>
      <FormSelectOption value="" label={all} />
      {!isKnown && <FormSelectOption value={value} label={value} />}
      {options.map(([v, words]) => <FormSelectOption key={v} value={v} label={words} />)}
    </FormSelect>
  );
}

export function Filters({ isBoard }: { isBoard: boolean }) {
  const me = useMe();
  const [search, change] = useSearch();
  const projects = useProjects();
  const profiles = useProfiles().data?.items ?? [];
  const users = (usePeople().data?.users ?? []).filter((u) => u.name !== me.name);
  const types = (Object.keys(ticketTypeWords) as TicketType[]).map((t): [string, string] => [t, ticketTypeWords[t]]);
  const assignees: [string, string][] = [[me.name, 'Mine'], ['-', "Nobody's"], ...users.slice(0, 100).map((u): [string, string] => [u.name, u.display_name || u.name])];
  return (
    <>
      <ToolbarItem><TypedText name="q" label="Search tickets" placeholder="Key or words" className="cd-search" /></ToolbarItem>
      {!isBoard && (
        <ToolbarItem>
          <FormSelect aria-label="Show" value={shownOf(search)} onChange={(_, v) => change(show(v))}>
            <FormSelectOption value="open" label="Open" />
            <FormSelectOption value="snoozed" label="Open, also snoozed" />
            <FormSelectOption value="resolved" label="Resolved" />
            <FormSelectOption value="all" label="All" />
            <FormSelectOptionGroup label="Status">
              {shownStatuses.map((s) => <FormSelectOption key={s} value={`status:${s}`} label={ticketStatusWords[s]} />)}
            </FormSelectOptionGroup>
          </FormSelect>
        </ToolbarItem>
      )}
      <ToolbarItem><OneOf name="type" label="Type" all="All types" options={types} /></ToolbarItem>
      {projects.length > 1 && (
        <ToolbarItem>
          <OneOf name="project" label="Project" all="All projects" options={projects.map((p): [string, string] => [p.key, p.name])} />
        </ToolbarItem>
      )}
      {(profiles.length > 0 || search.get('profile')) && (
        <ToolbarItem>
          <OneOf name="profile" label="Profile" all="All profiles" options={profiles.map((p): [string, string] => [p.name, p.name])} />
        </ToolbarItem>
      )}
      <ToolbarItem><OneOf name="assignee" label="Assignee" all="Anybody's" options={assignees} /></ToolbarItem>
      <ToolbarItem><TypedText name="label" label="Label" placeholder="Label" /></ToolbarItem>
    </>
  );
}
