/* Fields that one certificate and a whole list have in common: who it belongs to, tags, sharing. */
import { Grid, GridItem } from '@patternfly/react-core';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { useMe } from '../../app/session';
import { TextField } from '../../parts/Fields';
import { BusinessGroupField, splitWords, usePeople, UserField } from '../../parts/people';

export interface Shared {
  owner: string;
  assignee: string;
  businessGroup: string;
  tags: string;
  share: string;
}

export function useShared(): [Shared, (change: Partial<Shared>) => void] {
  const me = useMe();
  const [shared, setShared] = useState<Shared>({ owner: me.name, assignee: '', businessGroup: '', tags: '', share: '' });
  return [shared, (change) => setShared((all) => ({ ...all, ...change }))];
}

/* Names in "share" are groups where there is a group of that name, else users. */
export function useSharedBody(shared: Shared) {
  const groups = usePeople().data?.groups ?? [];
  const names = splitWords(shared.share);
  const isGroup = (name: string) => groups.some((g) => g.toLowerCase() === name);
  return {
    owner: shared.owner.trim() || undefined,
    assignee: shared.assignee.trim() || null,
    business_group: shared.businessGroup.trim() || null,
    tags: splitWords(shared.tags),
    share: {
      users: names.filter((n) => !isGroup(n)),
      groups: groups.filter((g) => names.includes(g.toLowerCase())),
    },
  };
}

interface SharedFieldsProps {
  shared: Shared;
  change: (change: Partial<Shared>) => void;
  error: unknown;
}

export function SharedFields({ shared, change, error }: SharedFieldsProps) {
  const about = (field: string) => (error instanceof ApiError ? error.about(field) : undefined);
  return (
    <Grid hasGutter md={6}>
      <GridItem>
        <UserField label="Owner" value={shared.owner} onChange={(owner) => change({ owner })} error={about('owner')} help="Full control" />
      </GridItem>
      <GridItem>
        <UserField
          label="Assignee" value={shared.assignee} onChange={(assignee) => change({ assignee })} error={about('assignee')}
          help="Gets the tickets; the owner where left empty"
        />
      </GridItem>
      <GridItem>
        <TextField
          label="Share with" value={shared.share} onChange={(share) => change({ share })} error={about('share')}
          help="Users or groups, separated by commas. They may do everything but change the owner."
        />
      </GridItem>
      <GridItem>
        <TextField
          label="Tags" value={shared.tags} onChange={(tags) => change({ tags })} error={about('tags')}
          help="Separated by commas"
        />
      </GridItem>
      <GridItem>
        <BusinessGroupField
          label="Business group" value={shared.businessGroup} onChange={(businessGroup) => change({ businessGroup })}
          error={about('business_group')}
        />
      </GridItem>
    </Grid>
  );
}
