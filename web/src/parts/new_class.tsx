import { useState } from 'preact/hooks';
import { kRunner, post } from '../net/api';
import { Problem } from './basics';
import { useWork } from './dialog';

export function NewClass({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [requeues, setRequeues] = useState('0');
  const create = useWork(async () => {
    await post(`${kRunner}/resource`, {
      resource_class: name.trim(),
      description,
      max_requeues: Number(requeues),
    });
    onMade();
    setName('');
    setDescription('');
    setRequeues('0');
  });
  return (
    <section class="card">
      <h2>New class</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          create.run();
        }}
      >
        <label>
          Name
          <input
            required
            maxLength={200}
            placeholder="namespace/name"
            autoComplete="off"
            spellcheck={false}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label>
          Description
          <input
            maxLength={200}
            autoComplete="off"
            value={description}
            onInput={(event) => setDescription(event.currentTarget.value)}
          />
        </label>
        <label class="small">
          Requeues
          <input
            type="number"
            min={0}
            max={10}
            value={requeues}
            onInput={(event) => setRequeues(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main" disabled={create.busy}>
          Create class
        </button>
      </form>
      {create.problem && <Problem>{create.problem}</Problem>}
    </section>
  );
}
