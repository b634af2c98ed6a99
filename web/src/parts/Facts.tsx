/* A list of terms and what they are. What comes from certificates is always plain text here. */
import {
  DescriptionList, DescriptionListDescription, DescriptionListGroup, DescriptionListTerm,
} from '@patternfly/react-core';
import type { ReactNode } from 'react';

export type Fact = [term: string, value: ReactNode] | null | false;

export function Facts({ facts, isNarrow }: { facts: Fact[]; isNarrow?: boolean }) {
  return (
    <DescriptionList
      isCompact
      isHorizontal
      horizontalTermWidthModifier={isNarrow ? { default: '7.5rem' } : { default: '9rem', md: '13rem' }}
      className="cd-facts"
    >
      {facts.map((fact) => fact && (
        <DescriptionListGroup key={fact[0]}>
          <DescriptionListTerm>{fact[0]}</DescriptionListTerm>
          <DescriptionListDescription>{fact[1] === '' ? '–' : fact[1]}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}
