"""Wrong answers that are made of every function alike."""

from __future__ import annotations

from autograder.course.answers import Answer
from autograder.course.breaches import breaches

#  function               what follows its `return`        its parts                             item
ALIKE = """
   jvp                    value, tangent                   value tangent                         jvp
   jacobian_by_columns    jacobian                         jacobian                              jacobians
   jacobian_by_rows       jacobian                         jacobian                              jacobians
   hessian                rows                             rows                                  hessian
   hvp_twice              products                         products[0] products[1]               hvp_twice
   rop_forward            r_h, r_scores                    r_h r_scores                          rop_forward
   rop_backward           products                         products["w1"] products["b2"]         rop_backward
   rop_softmax            r_grad_scores                    r_grad_scores                         rop_softmax
   conjugate_gradients    x                                x                                     conjugate_gradients
   gradient_penalty       penalty                          penalty                               gradient_penalty
   solve                  solution                         solution                              solve
   deq_solve              z if settled else None           z                                     deq_solve
   deq_adjoint            grad_a                           grad_a                                deq_adjoint
   deq_grads              grad_x, grad_w, grad_u, grad_b   grad_x grad_w grad_u grad_b           deq_grads
   as_equilibrium         w, u, b                          w u b                                 as_equilibrium
   ridge_backward         grad_reg, grad_y                 grad_reg grad_y                       ridge_backward
   eigh_backward          grad_a                           grad_a                                eigh_backward
   pose_solve             pose if settled else None        pose                                  pose_solve
   pose_backward          grad_image                       grad_image                            pose_backward
   pose_covariance        covariance                       covariance                            pose_covariance
"""


def of_line(line: str) -> list[Answer]:
    where, returned, parts, item = filter(None, (part.strip() for part in line.split("  ")))
    rules = "reused" if where == "conjugate_gradients" else "reused rounded widened"  # its answer has a tolerance
    return breaches(where, returned, dict.fromkeys(parts.split(), item), rules=rules)


GENERATED = [answer for line in ALIKE.strip().splitlines() for answer in of_line(line)]
