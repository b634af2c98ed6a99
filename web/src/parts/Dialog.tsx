/* A dialog with one thing to do. Esc closes it; what the server refuses is said inside of it: below, and by the fields
   that are given the error. */
import { Alert, Button, Form, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useId, useState, type FormEvent, type ReactNode } from 'react';
import { errorText } from './States';

interface DialogProps {
  title: string;
  action: string;
  isDangerous?: boolean;
  isDisabled?: boolean;
  hidesError?: (error: unknown) => boolean; /* because it is shown elsewhere */
  size?: 'small' | 'medium' | 'large';
  run: () => Promise<unknown>;
  close: () => void;
  done?: () => void; /* after success, instead of close */
  children: ReactNode | ((error: unknown) => ReactNode); /* null: no error */
}

export function Dialog(props: DialogProps) {
  const { title, action, isDangerous, isDisabled, hidesError, size = 'small', run, close, done = close, children } = props;
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || isDisabled) return;
    setBusy(true);
    setError(null);
    try {
      await run();
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };

  return (
    <Modal isOpen onClose={close} variant={size} aria-labelledby={`${id}-title`} aria-describedby={`${id}-body`}>
      <ModalHeader title={title} labelId={`${id}-title`} titleIconVariant={isDangerous ? 'warning' : undefined} />
      <ModalBody id={`${id}-body`}>
        <Form id={id} onSubmit={(e) => void submit(e)}>
          {typeof children === 'function' ? children(error) : children}
          {error !== null && !hidesError?.(error) && <Alert isInline variant="danger" title={errorText(error)} />}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form={id}
          variant={isDangerous ? 'danger' : 'primary'}
          isLoading={isBusy}
          isDisabled={isBusy || isDisabled}
        >
          {action}
        </Button>
        <Button variant="link" onClick={close}>Cancel</Button>
      </ModalFooter>
    </Modal>
  );
}
