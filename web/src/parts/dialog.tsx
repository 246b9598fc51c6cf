// A question before the page, with the browser's own dialog: it keeps the keyboard within.

import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { sentence } from '../net/api';
import { Problem } from './basics';

interface DialogProps {
  title: string;
  onClose: () => void;
  firm?: boolean; // not closed by Escape: what it shows is shown once
  children: ComponentChildren;
}

export function Dialog({ title, onClose, firm, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      shown?.close(); // until then nothing behind it takes the focus
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!firm) onClose();
      }}
    >
      <h2 id={id}>
        <bdi>{title}</bdi>
      </h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  action: string; // on the button that does it
  onClose: () => void;
  work: () => Promise<void>; // what fails is told, and the question stays
  children: ComponentChildren;
}

export function Confirm({ title, action, onClose, work, children }: ConfirmProps) {
  const { busy, problem, run } = useWork(async () => {
    await work();
    onClose();
  });
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {problem && <Problem>{problem}</Problem>}
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="danger" disabled={busy} onClick={run}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}

// Work that a button starts: once at a time, and what goes wrong in a sentence.
export function useWork(work: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const run = () => {
    if (busy) return;
    setBusy(true);
    setProblem('');
    work()
      .catch((error: unknown) => setProblem(sentence(error)))
      .finally(() => setBusy(false));
  };
  return { busy, problem, run };
}
