/* Keys that work everywhere: "/" to search, "?" for help, "g" and a letter to go somewhere. */
import { Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import { useEffect, useRef, useState } from 'react';
import { Facts } from '../parts/Facts';
import { navigate } from './router';

const places: Record<string, [path: string, words: string]> = {
  d: ['/', 'Dashboard'],
  c: ['/certificates', 'Certificates'],
  a: ['/certificates/add', 'Add certificates'],
  t: ['/tickets', 'Tickets'],
  j: ['/jobs', 'Jobs and schedules'],
  s: ['/settings/notifications', 'Settings'],
};

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('input[data-search], .cd-search input');
  field?.focus();
  field?.select();
  return field !== null;
}

export function Shortcuts() {
  const [isOpen, setOpen] = useState(false);
  const leader = useRef(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = Date.now() - leader.current < 1500 ? places[event.key] : undefined;
      leader.current = event.key === 'g' ? Date.now() : 0;
      if (place) navigate(place[0]);
      else if (event.key === '?') setOpen(true);
      else if (event.key === '/' && focusSearch()) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  if (!isOpen) return null;
  return (
    <Modal isOpen onClose={() => setOpen(false)} variant="small" aria-labelledby="cd-shortcuts">
      <ModalHeader title="Keyboard shortcuts" labelId="cd-shortcuts" />
      <ModalBody>
        <Facts
          facts={[
            ['/', 'Go to the search field'],
            ['?', 'Show this list'],
            ['Esc', 'Close a dialog or menu'],
            ...Object.entries(places).map(([letter, [, words]]): [string, string] => [`g then ${letter}`, words]),
          ]}
        />
      </ModalBody>
    </Modal>
  );
}
