import { describe, expect, test } from '@jest/globals';
import { type ChatMessage, compileChatTemplate } from './chatTemplate.js';

const MESSAGES: readonly ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'What is 1 + 1?' },
];

/** The ChatML template that Qwen2 checkpoints carry, with its default system message. */
const QWEN = `{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful assistant.<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}`;

function render(source: string, messages = MESSAGES, specialTokens: Record<string, string> = {}): string {
  return compileChatTemplate('chat_template.jinja', source)(messages, specialTokens);
}

describe('compileChatTemplate', () => {
  test('ChatML, with and without a system message', () => {
    const turn = '<|im_start|>user\nWhat is 1 + 1?<|im_end|>\n<|im_start|>assistant\n';
    expect(render(QWEN)).toBe(`<|im_start|>system\nBe brief.<|im_end|>\n${turn}`);
    expect(render(QWEN, MESSAGES.slice(1))).toBe(
      `<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n${turn}`,
    );
  });

  test('special tokens that are set, and those that are not', () => {
    const source = "{{ bos_token }}{{ messages[1].content }}{{ eos_token }}{{ 'p' if pad_token is defined }}";
    expect(render(source, MESSAGES, { bos_token: '<s>', eos_token: '</s>' })).toBe('<s>What is 1 + 1?</s>');
  });

  test('tools are defined and none, as in transformers', () => {
    expect(
      render('{% if tools is not none %}a{% endif %}{% if tools %}b{% endif %}{{ tools is defined }}'),
    ).toBe('true');
  });

  test('blocks leave no line of their own', () => {
    expect(render('  {% if true %}\n  a\n  {% endif %}\nb')).toBe('  a\nb');
  });

  test('the date is the same on every day and in every language', () => {
    expect(render('{{ strftime_now("%A, %d %B %Y, %H:%M:%S %% %a %b %y %m %j %I %p") }}')).toBe(
      'Friday, 26 July 2024, 00:00:00 % Fri Jul 24 07 208 12 AM',
    );
  });

  test.each([
    ['range(3)', '0 1 2'],
    ['range(2, 5)', '2 3 4'],
    ['range(5, 0, -2)', '5 3 1'],
    ['range(3, 1)', ''],
  ])('%s as in Python', (call, numbers) => {
    expect(render(`{% for i in ${call} %}{{ i }} {% endfor %}`).trim()).toBe(numbers);
  });

  test('renderings do not see each other', () => {
    const template = compileChatTemplate('f', '{% set n = messages | length %}{{ n }}');
    expect([template(MESSAGES, {}), template(MESSAGES.slice(1), {})]).toEqual(['2', '1']);
  });

  test('a template that cannot be parsed', () => {
    expect(() => compileChatTemplate('folder/chat_template.jinja', '{% if x ')).toThrow(
      expect.objectContaining({
        name: 'ChatTemplateError',
        message: expect.stringContaining('cannot be parsed'),
        place: { file: 'folder/chat_template.jinja' },
      }),
    );
  });

  test.each([
    ['{{ raise_exception("roles must alternate") }}', 'roles must alternate'],
    ['{{ strftime_now("%Q") }}', '%Q'],
    ['{% for i in range(1, 2, 0) %}{% endfor %}', 'step'],
    ['{{ bos_token + messages[0].content }}', 'undefined'],
  ])('%s is refused with its reason', (source, reason) => {
    expect(() => render(source)).toThrow(
      expect.objectContaining({
        name: 'ChatTemplateError',
        message: expect.stringContaining(reason),
        place: { file: 'chat_template.jinja' },
      }),
    );
  });
});
