/* The steps of something that takes several, and where one is. What lies behind can be gone back to. */
import { Button } from '@patternfly/react-core';
import { CheckIcon } from '@patternfly/react-icons';

interface StepsProps<T extends string> {
  label: string;
  steps: readonly (readonly [T, string])[];
  at: T;
  go: (step: T) => void;
}

export function Steps<T extends string>({ label, steps, at, go }: StepsProps<T>) {
  const current = steps.findIndex(([key]) => key === at);
  return (
    <ol className="cd-steps" aria-label={label}>
      {steps.map(([key, title], i) => (
        <li key={key} className={i === current ? 'cd-is-current' : undefined}>
          <span className="cd-step-number" aria-hidden>{i < current ? <CheckIcon /> : i + 1}</span>
          {i < current ? <Button variant="link" isInline onClick={() => go(key)}>{title}</Button>
            : <span aria-current={i === current ? 'step' : undefined}>{title}</span>}
        </li>
      ))}
    </ol>
  );
}
