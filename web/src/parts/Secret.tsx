/* Something secret that is shown this once. */
import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useId, type ReactNode } from 'react';
import { Copyable } from './Copyable';

interface SecretProps {
  title: string;
  secret: string;
  close: () => void;
  children?: ReactNode;
}

export function Secret({ title, secret, close, children }: SecretProps) {
  const id = useId();
  return (
    <Modal isOpen variant="medium" onClose={close} aria-labelledby={id}>
      <ModalHeader title={title} labelId={id} />
      <ModalBody>
        <Alert isInline variant="warning" title="Copy it now. It is not shown again." className="cd-below" />
        <Copyable text={secret} />
        {children && <p className="cd-quiet cd-above">{children}</p>}
      </ModalBody>
      <ModalFooter><Button onClick={close}>Done</Button></ModalFooter>
    </Modal>
  );
}
