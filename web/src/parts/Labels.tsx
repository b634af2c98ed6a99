/* Small coloured words: validity, alerts, ticket status, priority. Never colour alone: the word is always there. */
import { Label } from '@patternfly/react-core';
import {
  BanIcon, CheckCircleIcon, ClockIcon, ExclamationCircleIcon, ExclamationTriangleIcon, QuestionCircleIcon,
} from '@patternfly/react-icons';
import type { ComponentType } from 'react';
import type { Ca, Deployment, Flag, Priority, TicketStatus, Validity } from '../api/types';
import { caStateWords, deploymentStateWords, flagMeanings, flagWords, priorityWords, statusWords, ticketStatusWords } from './words';

type Look = 'success' | 'warning' | 'danger' | 'info' | undefined;

const statusLooks: Record<Validity, [Look, ComponentType]> = {
  valid: ['success', CheckCircleIcon],
  expiring_soon: ['warning', ExclamationTriangleIcon],
  expired: ['danger', ExclamationCircleIcon],
  not_yet_valid: ['info', ClockIcon],
  revoked: ['danger', BanIcon],
  unknown: [undefined, QuestionCircleIcon],
};

export function StatusLabel({ status }: { status: Validity }) {
  const [look, Icon] = statusLooks[status];
  return <Label status={look} icon={<Icon />} variant="outline" className="cd-label">{statusWords[status]}</Label>;
}

export function FlagLabel({ flag }: { flag: Flag }) {
  return (
    <Label
      color={flag === 'unreachable' ? 'red' : 'orange'}
      title={flagMeanings[flag]}
      isCompact
      className="cd-label"
    >
      {flagWords[flag]}
    </Label>
  );
}

const doneStatuses: TicketStatus[] = ['done', 'certificate_enrolled', 'certificate_renewed', 'certificate_revoked',
  'cancelled'];

export function TicketStatusLabel({ status }: { status: TicketStatus }) {
  const isOff = status === 'certificate_revoked' || status === 'cancelled';
  const color = isOff ? 'grey' : doneStatuses.includes(status) ? 'green' : status === 'open' ? 'blue' : 'teal';
  return <Label color={color} isCompact className="cd-label">{ticketStatusWords[status]}</Label>;
}

const priorityColors: Record<Priority, 'red' | 'orange' | 'grey'> = {
  highest: 'red', high: 'orange', medium: 'grey', low: 'grey', lowest: 'grey',
};

export function PriorityLabel({ priority }: { priority: Priority }) {
  return <Label color={priorityColors[priority]} isCompact className="cd-label">{priorityWords[priority]}</Label>;
}

export function Tags({ tags }: { tags: string[] }) {
  return <>{tags.map((tag) => <Label key={tag} isCompact variant="outline" className="cd-tag">{tag}</Label>)}</>;
}

const caColors: Record<Ca['state'], 'green' | 'blue' | 'red' | 'grey'> = { active: 'green', awaiting_certificate: 'blue', expired: 'red', disabled: 'grey' };

export function CaStateLabel({ state }: { state: Ca['state'] }) {
  return <Label color={caColors[state]} isCompact className="cd-label">{caStateWords[state]}</Label>;
}

const deploymentColors: Record<Deployment['state'], 'green' | 'blue' | 'red' | 'grey'> = {
  queued: 'grey', deploying: 'blue', proving: 'blue', seen: 'green', put_back: 'red', failed: 'red',
};

export function DeploymentLabel({ state }: { state: Deployment['state'] }) {
  return <Label color={deploymentColors[state]} isCompact className="cd-label">{deploymentStateWords[state]}</Label>;
}
