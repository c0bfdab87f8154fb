"""Reads templates of CloudFormation and SAM: intrinsic functions, and what SAM's short forms stand for."""
