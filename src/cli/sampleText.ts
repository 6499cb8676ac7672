/** The text that `boxed export --check` reads where none is given: worked problems, as the models that this program runs write them. */
export const SAMPLE_TEXT = `Problem. How many positive integers less than 1000 are divisible by 6 or by 9, but not by both?

Let A be the set of multiples of 6 below 1000 and B the set of multiples of 9. The largest multiple of 6 is 996 = 6 * 166, so A has 166 members. The largest multiple of 9 is 999 = 9 * 111, so B has 111 members. A number divisible by both is divisible by lcm(6, 9) = 18. The largest multiple of 18 is 990 = 18 * 55, so 55 numbers are in both. Those in exactly one of the sets number 166 + 111 - 2 * 55 = 277 - 110 = 167. Wait, let me check the first count: 1000 / 6 is 166.67, so 166 is right. The answer is \\boxed{167}.

Problem. Find the remainder when 7^100 is divided by 13.

By Fermat's little theorem 7^12 leaves remainder 1 modulo 13. Since 100 = 12 * 8 + 4, the remainder is that of 7^4. We have 7^2 = 49 = 3 * 13 + 10, so 7^2 leaves 10, and 7^4 leaves the remainder of 100, which is 100 - 7 * 13 = 9. So the answer is \\boxed{9}.

Problem. The sum of three consecutive odd integers is 51. What is the product of the smallest and the largest?

Let the middle one be m. Then the three are m - 2, m and m + 2, and their sum is 3m = 51, so m = 17. The smallest is 15 and the largest is 19. Their product is 15 * 19 = 285. We can also see this as m^2 - 4 = 289 - 4 = 285, which agrees. Therefore the answer is \\boxed{285}.

Problem. In triangle ABC the sides are AB = 13, BC = 14 and CA = 15. Find the length of the altitude from A.

First find the area by Heron's formula. The semiperimeter is s = (13 + 14 + 15) / 2 = 21. Then the area is the square root of 21 * 8 * 7 * 6 = 7056, which is 84. The altitude h from A satisfies 14 * h / 2 = 84, so h = 12. As a check, the foot of the altitude divides BC into 5 and 9, since 13^2 - 12^2 = 25 and 15^2 - 12^2 = 81, and 5 + 9 = 14. The answer is \\boxed{12}.

Problem. A sequence is defined by a_1 = 3 and a_{n+1} = 2 a_n - 1. What is a_8?

Subtract 1 from both sides: a_{n+1} - 1 = 2 (a_n - 1). So b_n = a_n - 1 doubles at each step, and b_1 = 2 gives b_n = 2^n. Hence a_n = 2^n + 1 and a_8 = 256 + 1 = 257. Let me verify with the first terms: a_2 = 5, a_3 = 9, a_4 = 17, which are 2^2 + 1, 2^3 + 1 and 2^4 + 1. So the answer is \\boxed{257}.

Problem. Two fair dice are rolled. The probability that the sum is a prime number can be written as p/q in lowest terms. Find p + q.

There are 36 equally likely outcomes. The prime sums are 2, 3, 5, 7 and 11, reached in 1, 2, 4, 6 and 2 ways. Together that is 15 ways, so the probability is 15/36 = 5/12. Thus p + q = 5 + 12 = 17, and the answer is \\boxed{17}.

A remark on method. In each of these problems the first step is to choose a name for what is asked and to write down what is known about it. The second is to look for a structure: a set and its overlap, a period, a symmetry about the middle, a sum that can be written in two ways, a shift that turns a recurrence into a geometric sequence. Only then is there something to compute, and whatever has been computed should be tested against a small case or by another route before it is believed.
`;
