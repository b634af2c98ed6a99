/*
 * What every way of adding has in common: the steps, the buttons, and where a refusal is shown.
 *
 * The thing itself can be added at once; general information is a step further for who wants it. A refusal leads back
 * to the step that has the field.
 */
import { Alert, Button, Form, Progress } from '@patternfly/react-core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError } from '../../api/client';
import { Steps } from '../../parts/Steps';
import { errorText } from '../../parts/States';
import { generalFields, GeneralFields, useGeneral, useGeneralBody, type GeneralBody } from './general';

type Step = 'how' | 'what' | 'general';

const isIn = (names: readonly string[], field: string) => names.some((n) => field === n || field.startsWith(`${n}[`) || field.startsWith(`${n}.`));

/* Fields of the request that a refusal names. */
function fieldsOf(error: unknown): string[] {
  return error instanceof ApiError ? error.problem.errors.map((e) => e.field).filter(Boolean) : [];
}

interface FrameProps {
  what: string; /* the second step's title */
  action: string;
  isReady: boolean;
  ownFields: readonly string[];
  nameHelp?: string;
  hasNoName?: boolean;
  progress?: number | null;
  submit: (general: GeneralBody) => Promise<unknown>;
  leave: () => void;
  children: (error: unknown) => ReactNode;
  below?: ReactNode;
}

export function Frame({ what, action, isReady, ownFields, nameHelp, hasNoName, progress, submit, leave, children, below }: FrameProps) {
  const [step, setStep] = useState<Step>('what');
  const [general, change] = useGeneral();
  const body = useGeneralBody(general);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const steps = [['how', 'Method'], ['what', what], ['general', 'General information']] as const;
  const go = (to: Step) => {
    setError(null); /* it was about what stood in the other step */
    return to === 'how' ? leave() : setStep(to);
  };

  const run = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || !isReady) return;
    setBusy(true);
    setError(null);
    try {
      await submit(body);
    } catch (e) {
      setError(e);
      const named = fieldsOf(e);
      if (named.some((f) => isIn(ownFields, f))) setStep('what');
      else if (named.some((f) => isIn(generalFields, f))) setStep('general');
    }
    setBusy(false);
  };
  const isAtField = fieldsOf(error).length > 0 && fieldsOf(error).every((f) => isIn(step === 'what' ? ownFields : generalFields, f));

  return (
    <>
      <Steps label="Steps" steps={steps} at={step} go={go} />
      <Form onSubmit={(e) => void run(e)} className="cd-above">
        {step === 'what' ? children(error) : <GeneralFields general={general} change={change} error={error} nameHelp={nameHelp} hasNoName={hasNoName} />}
        {error !== null && !isAtField && <Alert isInline variant="danger" title={errorText(error)} />}
        {isBusy && typeof progress === 'number' && <Progress value={Math.round(progress * 100)} title="Uploading" aria-label="Uploading" size="sm" />}
        <div className="cd-actions">
          {step === 'general' && <Button variant="secondary" onClick={() => go('what')}>Back</Button>}
          <Button type="submit" isLoading={isBusy} isDisabled={isBusy || !isReady}>{action}</Button>
          {step === 'what' && <Button variant="secondary" isDisabled={!isReady} onClick={() => go('general')}>Next: general information</Button>}
          <Button variant="link" onClick={leave}>Cancel</Button>
        </div>
      </Form>
      {below}
    </>
  );
}
