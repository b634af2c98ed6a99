/* General information of a new certificate: its name, whose it is, what it belongs to. */
import { Grid, GridItem } from '@patternfly/react-core';
import { useState } from 'react';
import { useMe } from '../../app/session';
import { CustomFields, useCustomFields, valueOf } from '../../parts/customFields';
import { AreaField, TextField } from '../../parts/Fields';
import { BusinessGroupField, splitWords, usePeople, UserField } from '../../parts/people';
import { aboutField } from '../../parts/States';

export interface General {
  name: string;
  description: string;
  owner: string;
  assignee: string;
  businessGroup: string;
  tags: string;
  share: string;
  fields: Record<string, string>;
}

export const generalFields = ['name', 'description', 'owner', 'assignee', 'business_group', 'tags', 'share', 'share_users', 'share_groups', 'fields'];

export type ChangeGeneral = (change: Partial<General>) => void;

export function useGeneral(): [General, ChangeGeneral] {
  const me = useMe();
  const [general, setGeneral] = useState<General>({
    name: '', description: '', owner: me.name, assignee: '', businessGroup: '', tags: '', share: '', fields: {},
  });
  return [general, (change) => setGeneral((all) => ({ ...all, ...change }))];
}

export interface GeneralBody {
  name?: string;
  description?: string;
  owner?: string;
  assignee: string | null;
  business_group: string | null;
  tags: string[];
  share: { users: string[]; groups: string[] };
  fields?: Record<string, string | number>;
}

/* As the API wants it. Names in "share" are groups where there is a group of that name, else users. */
export function useGeneralBody(general: General): GeneralBody {
  const groups = usePeople().data?.groups ?? [];
  const names = splitWords(general.share);
  const isGroup = (name: string) => groups.some((g) => g.toLowerCase() === name);
  const custom = useCustomFields();
  const fields: Record<string, string | number> = {};
  for (const f of custom) {
    const value = valueOf(f, general.fields[f.name]);
    if (value !== null) fields[f.name] = value;
  }
  return {
    name: general.name.trim() || undefined,
    description: general.description.trim() || undefined,
    owner: general.owner.trim() || undefined,
    assignee: general.assignee.trim() || null,
    business_group: general.businessGroup.trim() || null,
    tags: splitWords(general.tags),
    share: { users: names.filter((n) => !isGroup(n)), groups: groups.filter((g) => names.includes(g.toLowerCase())) },
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}

/* The same as parts of a form: lists are repeated parts. */
export function appendGeneral(form: FormData, body: GeneralBody): void {
  for (const name of ['name', 'description', 'owner', 'assignee', 'business_group'] as const) {
    const value = body[name];
    if (value) form.append(name, value);
  }
  for (const tag of body.tags) form.append('tags', tag);
  for (const user of body.share.users) form.append('share_users', user);
  for (const group of body.share.groups) form.append('share_groups', group);
}

interface GeneralFieldsProps {
  general: General;
  change: ChangeGeneral;
  error: unknown;
  nameHelp?: string;
  hasNoName?: boolean;
}

export function GeneralFields({ general, change, error, nameHelp, hasNoName }: GeneralFieldsProps) {
  const custom = useCustomFields();
  return (
    <Grid hasGutter md={6}>
      {!hasNoName && (
        <GridItem>
          <TextField label="Name" value={general.name} onChange={(name) => change({ name })} maxLength={200} help={nameHelp} error={aboutField(error, 'name')} />
        </GridItem>
      )}
      <GridItem>
        <BusinessGroupField
          label="Business group" value={general.businessGroup} onChange={(businessGroup) => change({ businessGroup })}
          error={aboutField(error, 'business_group')}
        />
      </GridItem>
      <GridItem>
        <UserField label="Owner" value={general.owner} onChange={(owner) => change({ owner })} error={aboutField(error, 'owner')} help="Full control" />
      </GridItem>
      <GridItem>
        <UserField
          label="Assignee" value={general.assignee} onChange={(assignee) => change({ assignee })} error={aboutField(error, 'assignee')}
          help="Gets the tickets; the owner where left empty"
        />
      </GridItem>
      <GridItem>
        <TextField
          label="Share with" value={general.share} onChange={(share) => change({ share })} error={aboutField(error, 'share', 'share_users', 'share_groups')}
          help="Users or groups, separated by commas. They may do everything but change the owner."
        />
      </GridItem>
      <GridItem>
        <TextField
          label="Tags" value={general.tags} onChange={(tags) => change({ tags })} error={aboutField(error, 'tags')}
          help="Separated by commas"
        />
      </GridItem>
      <CustomFields fields={custom} values={general.fields} change={(fields) => change({ fields })} error={error} />
      {!hasNoName && (
        <GridItem span={12} md={12}>
          <AreaField label="Description" value={general.description} onChange={(description) => change({ description })} rows={2} maxLength={10000} error={aboutField(error, 'description')} />
        </GridItem>
      )}
    </Grid>
  );
}
