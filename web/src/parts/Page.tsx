/* The frame of a page: its title (also the window's), what can be done with it, and its content. */
import { Breadcrumb, BreadcrumbItem, Content, PageSection, Title } from '@patternfly/react-core';
import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from '../app/router';

interface PageProps {
  title: string;
  heading?: ReactNode;
  lead?: ReactNode;
  parents?: { to: string; text: string }[];
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, heading, lead, parents, actions, children }: PageProps) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · certdesk`;
  }, [title]);

  return (
    <>
      <PageSection>
        {parents && (
          <Breadcrumb className="cd-breadcrumb">
            {parents.map((p) => (
              <BreadcrumbItem key={p.to} render={({ className }) => <Link className={className} to={p.to}>{p.text}</Link>} />
            ))}
            <BreadcrumbItem isActive>{title}</BreadcrumbItem>
          </Breadcrumb>
        )}
        <div className="cd-page-head">
          <Title headingLevel="h1" ref={ref} className="cd-break">{heading ?? title}</Title>
          {actions && <div className="cd-actions">{actions}</div>}
        </div>
        {lead && <Content component="p" className="cd-lead">{lead}</Content>}
      </PageSection>
      {children}
    </>
  );
}
