/* What surrounds every page: masthead, navigation, who is signed in. */
import {
  Brand, Button, Dropdown, DropdownItem, DropdownList, Masthead, MastheadBrand, MastheadContent, MastheadLogo,
  MastheadMain, MastheadToggle, MenuToggle, Nav, NavExpandable, NavItem, NavList, Page, PageSidebar, PageSidebarBody,
  PageToggleButton, SkipToContent, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem,
} from '@patternfly/react-core';
import { BarsIcon, MoonIcon, SunIcon } from '@patternfly/react-icons';
import { useState, type ReactNode } from 'react';
import { useToasts } from '../parts/Toasts';
import { isPlainClick, Link, navigate, usePath } from './router';
import { useMe, useSignOut } from './session';
import { StandbyBanner } from './Standby';
import { isDark, setTheme, useTheme } from './theme';

function ThemeButton() {
  const theme = useTheme();
  const dark = isDark();
  const system = window.matchMedia('(prefers-color-scheme: dark)').matches;
  const toggle = () => setTheme(system === !dark ? 'system' : dark ? 'light' : 'dark');
  return (
    <Button
      variant="plain"
      aria-label={dark ? 'Use light colours' : 'Use dark colours'}
      title={theme === 'system' ? 'As your system says' : undefined}
      icon={dark ? <SunIcon /> : <MoonIcon />}
      onClick={toggle}
    />
  );
}

function UserMenu() {
  const me = useMe();
  const signOut = useSignOut();
  const toasts = useToasts();
  const [isOpen, setOpen] = useState(false);
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle ref={ref} variant="plainText" isExpanded={isOpen} onClick={() => setOpen(!isOpen)} aria-label={`Your account: ${me.display_name || me.name}`}>
          {me.display_name || me.name}
        </MenuToggle>
      )}
    >
      <DropdownList>
        <DropdownItem onClick={() => navigate('/settings/account')}>Password and tokens</DropdownItem>
        <DropdownItem onClick={() => navigate('/docs')}>API</DropdownItem>
        <DropdownItem onClick={() => void signOut().catch((e: unknown) => toasts.failed('Could not sign out', e))}>
          Sign out
        </DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}

function Top() {
  return (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label="Navigation"><BarsIcon /></PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo component={(props) => <Link to="/" {...props} />}>
            <Brand src="/favicon.svg" alt="" heights={{ default: '28px' }} />
            <span className="cd-brand">certdesk</span>
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isFullHeight isStatic>
          <ToolbarContent>
            <ToolbarGroup align={{ default: 'alignEnd' }} gap={{ default: 'gapSm' }}>
              <ToolbarItem><ThemeButton /></ToolbarItem>
              <ToolbarItem><UserMenu /></ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}

function Place({ to, path, children }: { to: string; path: string; children: ReactNode }) {
  const isActive = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
  return (
    <NavItem
      isActive={isActive}
      to={to}
      onClick={(event) => {
        if (!isPlainClick(event as never)) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </NavItem>
  );
}

function Side() {
  const path = usePath();
  const me = useMe();
  const isAdmin = me.role === 'admin';
  const inSettings = path.startsWith('/settings');
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label="Pages">
          <NavList>
            <Place to="/" path={path}>Dashboard</Place>
            <Place to="/certificates" path={path}>Certificates</Place>
            <Place to="/csrs" path={path}>CSRs</Place>
            <Place to="/imports" path={path}>CSV import</Place>
            <Place to="/resources" path={path}>Resources</Place>
            <Place to="/tickets" path={path}>Tickets</Place>
            <Place to="/profiles" path={path}>Profiles</Place>
            {me.role !== 'user' && <Place to="/cas" path={path}>Certificate authorities</Place>}
            <Place to="/jobs" path={path}>Jobs and schedules</Place>
            {me.role !== 'user' && <Place to="/audit" path={path}>Audit log</Place>}
            <NavExpandable title="Settings" isActive={inSettings} isExpanded={inSettings}>
              <Place to="/settings/notifications" path={path}>Notifications</Place>
              <Place to="/settings/display" path={path}>Display</Place>
              <Place to="/settings/trust" path={path}>Private CAs</Place>
              {isAdmin && <Place to="/settings/users" path={path}>Users</Place>}
              <Place to="/settings/groups" path={path}>Groups</Place>
              <Place to="/settings/business-groups" path={path}>Business groups</Place>
              {isAdmin && <Place to="/settings/fields" path={path}>Custom fields</Place>}
              {me.role !== 'user' && <Place to="/settings/vault" path={path}>Keys and backup</Place>}
              <Place to="/settings/account" path={path}>My account</Place>
            </NavExpandable>
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  return (
    <Page
      masthead={<Top />}
      sidebar={<Side />}
      isManagedSidebar
      mainContainerId="main"
      skipToContent={<SkipToContent href="#main">Skip to content</SkipToContent>}
    >
      <StandbyBanner />
      {children}
    </Page>
  );
}
