/* A button that opens a list of things to do, or of things to tick. */
import {
  Badge, Dropdown, DropdownItem, DropdownList, MenuToggle, Select, SelectList, SelectOption,
} from '@patternfly/react-core';
import { EllipsisVIcon } from '@patternfly/react-icons';
import { useState, type ReactNode } from 'react';

export interface Action {
  title: string;
  run: () => void;
  isDangerous?: boolean;
  isDisabled?: boolean;
}

export function Kebab({ label, actions }: { label: string; actions: Action[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref} variant="plain" isExpanded={isOpen} aria-label={label}
          icon={<EllipsisVIcon />} onClick={() => setOpen(!isOpen)}
        />
      )}
    >
      <DropdownList>
        {actions.map((a) => (
          <DropdownItem key={a.title} onClick={a.run} isDanger={a.isDangerous} isDisabled={a.isDisabled}>
            {a.title}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  );
}

export function EditRemove({ name, edit, remove }: { name: string; edit: () => void; remove: () => void }) {
  return <Kebab label={`Actions for ${name}`} actions={[{ title: 'Edit', run: edit }, { title: 'Remove', run: remove, isDangerous: true }]} />;
}

interface TicksProps<T extends string> {
  label: ReactNode;
  ariaLabel: string;
  options: readonly (readonly [T, string])[];
  chosen: readonly T[];
  onChange: (chosen: T[]) => void;
  isCounted?: boolean;
}

export function Ticks<T extends string>({ label, ariaLabel, options, chosen, onChange, isCounted = true }: TicksProps<T>) {
  const [isOpen, setOpen] = useState(false);
  const toggle = (value: T) => onChange(chosen.includes(value) ? chosen.filter((v) => v !== value) : [...chosen, value]);
  return (
    <Select
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={(_, value) => toggle(value as T)}
      aria-label={ariaLabel}
      toggle={(ref) => (
        <MenuToggle
          ref={ref} isExpanded={isOpen} onClick={() => setOpen(!isOpen)} aria-label={ariaLabel}
          badge={isCounted && chosen.length > 0 ? <Badge isRead>{chosen.length}</Badge> : undefined}
        >
          {label}
        </MenuToggle>
      )}
    >
      <SelectList>
        {options.map(([value, text]) => (
          <SelectOption key={value} value={value} hasCheckbox isSelected={chosen.includes(value)}>{text}</SelectOption>
        ))}
      </SelectList>
    </Select>
  );
}
